"""The SDK, without a network."""
