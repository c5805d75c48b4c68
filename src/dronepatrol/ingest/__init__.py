"""From what a drone brings home (photos, flight logs) to shots: a pose with its uncertainty for every photo event."""
