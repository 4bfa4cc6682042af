"""Wake-ups between nodes."""
