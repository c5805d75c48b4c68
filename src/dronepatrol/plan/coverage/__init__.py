"""Lanes that cover a region: directions, rows, corners, trims, and the order that flies fastest."""
