"""The Python SDK: connection, outbox, sync, store."""
