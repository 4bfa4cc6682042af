"""Pure decisions: rights, limits, moderation."""
