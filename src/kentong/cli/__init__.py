"""The command line: serve, admin, send, listen."""
