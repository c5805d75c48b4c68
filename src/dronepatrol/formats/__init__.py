"""Missions in other programs' files: one file per format; they only serialise mission items and missions."""
