"""Examples: each file is one agent that a newcomer can copy; `offline` runs them without a key."""
