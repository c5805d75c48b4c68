"""Detections placed on the ground, each with its covariance."""
