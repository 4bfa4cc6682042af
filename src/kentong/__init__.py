"""Kentong: a small messenger for weak networks."""
