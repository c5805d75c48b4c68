"""Everything that a plan is made from, read and checked."""

from dataclasses import dataclass, field
from datetime import datetime

from shapely import LineString, Point

from dronepatrol.model.aircraft import AircraftProfile
from dronepatrol.model.camera import CameraProfile
from dronepatrol.model.patrol import Area, Building, PatrolSpec, Zone
from dronepatrol.model.terrain import Terrain


@dataclass(frozen=True)
class Request:
    """A patrol spec with what its files hold; geometry is WGS-84 (lon, lat). No terrain means flat at the dock.

    ``over_by`` is when the patrol is taken to be over, for zones in force only later; None where nobody knows yet.
    """

    spec: PatrolSpec
    areas: tuple[Area, ...]
    zones: tuple[Zone, ...]
    camera: CameraProfile
    aircraft: AircraftProfile
    lines: tuple[LineString, ...] = ()
    places: tuple[Point, ...] = ()
    buildings: tuple[Building, ...] = ()
    terrain: Terrain | None = field(default=None)
    over_by: datetime | None = None
