"""What developers run: set-up, checks, lock files, notices. Started by the Makefile."""
