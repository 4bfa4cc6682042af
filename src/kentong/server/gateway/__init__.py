"""How devices connect: WebSocket and long poll."""
