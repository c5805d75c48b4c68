"""The user's areas, zones, registers, networks and places in: read, checked, in WGS-84."""

from dronepatrol.areas.findings import findings
from dronepatrol.areas.read import (
    read_areas,
    read_buildings,
    read_lines,
    read_places,
    read_register,
    read_towns,
    read_zones,
)

__all__ = [
    "findings",
    "read_areas",
    "read_buildings",
    "read_lines",
    "read_places",
    "read_register",
    "read_towns",
    "read_zones",
]
