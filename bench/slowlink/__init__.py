"""The slow-link laboratory: a real client and a real server with a thin, lossy link between."""
