"""The synthetic ground that a simulated patrol flies over, and the truth of what was planted on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.patrol import RegisterEntry, RegisterKind
from dronepatrol.sim.scene.garden import Plant
from dronepatrol.sim.scene.ground import paint_ground
from dronepatrol.sim.scene.layout import divide
from dronepatrol.sim.scene.planting import Site, plant_all
from dronepatrol.sim.scene.shapes import Faces, Sketch

LOCAL_TIME = ZoneInfo("Asia/Shanghai")
SUN_SHADOW = np.array([0.42, 0.56])
"""Metres east and north that one metre of height throws its shadow: the sun stands in the south-west, 55 degrees up."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Flat ground, shadows on it and what stands up, each a layer to paint in this order; invented throughout."""

    seed: int
    frame: LocalFrame
    flat: Faces
    shadows: Faces
    raised: Faces
    plants: tuple[Plant, ...]

    def truth_geojson(self) -> dict[str, Any]:
        """Return the planted problems and the look-alikes as an RFC 7946 FeatureCollection of points."""
        features = [self._feature(number, plant) for number, plant in enumerate(self.plants, start=1)]
        return {"type": "FeatureCollection", "synthetic": True, "seed": self.seed, "features": features}

    def _feature(self, number: int, plant: Plant) -> dict[str, Any]:
        lon, lat = self.frame.to_lonlat(plant.place.xy).tolist()
        properties: dict[str, Any] = {
            "truth_id": f"T{number:03d}",
            "planted": bool(plant.problem),
            "kind": plant.kind,
            "size_m": [round(plant.thing.length_m, 2), round(plant.thing.width_m, 2)],
            "height_m": round(plant.thing.height_m, 2),
        }
        properties |= {"class": plant.problem} if plant.problem else {"look_alike_of": plant.look_alike_of}
        point = {"type": "Point", "coordinates": [round(lon, 8), round(lat, 8)]}
        return {"type": "Feature", "id": f"T{number:03d}", "geometry": point, "properties": properties}


def build_scene(
    area: Polygon | MultiPolygon,
    nofly: Sequence[Polygon | MultiPolygon],
    registers: Mapping[RegisterKind, Sequence[RegisterEntry]],
    seed: int,
    at: datetime | None = None,
) -> Scene:
    """Return the ground of an area with problems planted on it, the same for the same arguments.

    Parameters
    ----------
    area
        What is patrolled, WGS-84 (lon, lat).
    nofly
        Holes in it, WGS-84; a substation stands there, and nothing is planted.
    registers
        Strict-parking roads become roads, sites become sites.
    seed
        Decides everything else.
    at
        When the patrol flies: what stands on a site that is not in force then is a planted problem, not a look-alike,
        and a road whose rule does not hold then gets no parked cars. With None, sites with hours stay empty.
    """
    rng = np.random.default_rng(seed)
    frame = LocalFrame.around(area)
    ground = frame.geometry_to_metres(area)
    hole = shapely.union_all([frame.geometry_to_metres(zone) for zone in nofly])
    sites = [
        Site(kind, part, in_force(entry, at)) for kind, entries in registers.items() for entry in entries
        for part in _parts(frame, entry)
    ]  # fmt: skip
    by_kind = {kind: [site.outline for site in sites if site.kind is kind] for kind in RegisterKind}
    layout = divide(rng, ground, hole, by_kind)
    below = paint_ground(rng, layout)
    garden = plant_all(rng, layout, ground.difference(hole), sites)
    flat, raised, casts = garden.drawn()
    below.extend([flat])
    return Scene(seed, frame, below.faces(), _shadows(casts), raised.faces(), tuple(garden.plants))


def _parts(frame: LocalFrame, entry: RegisterEntry) -> list[Polygon]:
    return [part for part in shapely.get_parts(frame.geometry_to_metres(entry.geometry)) if isinstance(part, Polygon)]


def _shadows(casts: Sequence[tuple[np.ndarray, float]]) -> Faces:
    """Return the shadows of prisms on flat ground: each outline swept away from the sun by its height."""
    sketch = Sketch()
    for ring, height_m in casts:
        hull = shapely.convex_hull(shapely.multipoints(np.concatenate([ring, ring + SUN_SHADOW * height_m])))
        sketch.add(shapely.get_coordinates(hull)[:-1], (0, 0, 0), 0)
    return sketch.faces()


def in_force(entry: RegisterEntry, at: datetime | None) -> bool | None:
    """Return whether a register entry holds at an instant, by its validity and its hours in local time.

    At an unknown instant an entry without hours is taken to hold, and of one with hours nothing is known: None.
    """
    if at is None:
        return None if entry.hours.strip() else True
    if (entry.valid_from and at < entry.valid_from) or (entry.valid_to and at > entry.valid_to):
        return False
    clock = at.astimezone(LOCAL_TIME).strftime("%H:%M")
    ranges = [part.strip().split("-") for part in entry.hours.split(",") if part.strip()]
    return not ranges or any(
        start <= clock < end if start < end else clock >= start or clock < end for start, end in ranges
    )
