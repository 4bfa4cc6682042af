"""The server: keeps chats and tells each device what differs."""
