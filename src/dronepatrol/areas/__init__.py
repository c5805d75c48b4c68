"""The user's areas, zones and registers in: read, checked, in WGS-84."""

from dronepatrol.areas.read import read_area, read_register, read_towns, read_zones

__all__ = ["read_area", "read_register", "read_towns", "read_zones"]
