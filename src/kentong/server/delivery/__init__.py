"""How updates leave: one reader, several ways to deliver."""
