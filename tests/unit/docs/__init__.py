"""What the documentation says is true: its examples and its links."""
