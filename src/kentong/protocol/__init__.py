"""What travels: messages, codec, session, errors. No I/O."""
