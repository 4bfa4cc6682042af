"""Kentong's tests."""
