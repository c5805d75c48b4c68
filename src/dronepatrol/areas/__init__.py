"""The user's areas, zones and registers in: read, checked, in WGS-84."""

from dronepatrol.areas.read import read_areas, read_register, read_towns, read_zones

__all__ = ["read_areas", "read_register", "read_towns", "read_zones"]
