"""How updates leave."""
