"""Observations merged into issues: taxonomy, clusters, rules, stable ids; all of it pure."""
