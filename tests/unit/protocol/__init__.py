"""The protocol: codec and golden vectors."""
