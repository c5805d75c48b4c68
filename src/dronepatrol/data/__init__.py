"""Data of the package: camera and aircraft profiles, the problem taxonomy, the national code tables."""
