"""Measures the server through its sockets: bytes, CPU, memory."""
