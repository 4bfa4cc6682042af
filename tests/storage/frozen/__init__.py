"""One small database of each schema version, as the Kentong of its time wrote it."""
