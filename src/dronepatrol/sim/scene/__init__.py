"""The synthetic ground: what is planted on it, and what only looks like it."""
