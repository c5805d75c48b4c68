"""Issues handed on: one file per format, named after it."""
