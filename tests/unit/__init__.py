"""One module at a time, nothing around it."""
