"""The vocabulary: value types, enums and seams that every stage shares; no I/O, no algorithms."""
