"""Coming home in an emergency: what an autopilot would fly, and rally points and heights that keep it clear."""
