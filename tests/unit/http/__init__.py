"""HTTP: everything that is not a WebSocket, asked over real sockets."""
