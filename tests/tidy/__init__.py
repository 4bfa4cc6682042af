"""Rules about the code itself, checked as tests."""
