"""Tables and SQL once, by noun; two engines; migrations."""
