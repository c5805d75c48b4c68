"""Labelled images in the formats that people have: what is really there, to measure a detector against."""
