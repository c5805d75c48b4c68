"""From a patrol spec and its areas to a mission: photogrammetry, coverage, route, sorties, items, checks."""
