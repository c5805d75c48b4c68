"""How an area, a network or a list of places is flown: one small file per pattern, pure, in metres."""

from dronepatrol.plan.patterns.lay import beyond_m, lay

__all__ = ["beyond_m", "lay"]
