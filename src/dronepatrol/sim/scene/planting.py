"""Where problems are planted, and where what only looks like one is put."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from dronepatrol.model.patrol import RegisterKind
from dronepatrol.sim.scene.garden import Garden, Plant, half_diagonal_m, random_points
from dronepatrol.sim.scene.layout import Layout, Use
from dronepatrol.sim.scene.look_alikes import LOOK_ALIKES
from dronepatrol.sim.scene.neighbourhood import fill_blocks, plant_trees
from dronepatrol.sim.scene.objects import PROBLEMS, car
from dronepatrol.sim.scene.shapes import Place, Points, band, box
from dronepatrol.sim.scene.thing import Rng, Thing

SPACING_M = 12.0
"""Planted things and look-alikes lie at least this far apart, but for cars parked in a row."""
EDGE_M = 8.0
"""They lie at least this far inside the area."""
ROW_M = 6.6
"""Distance between two cars parked in a row."""
_REGISTER_GAP_M = 7.0
_KERB_M = 2.2  # from the kerb to the middle of a parked car

PLANTED = {"car_parking": 13, "shared_bikes": 9, "road_vending": 9, "illegal_build": 9, "exposed_garbage": 10,
           "waste_pile": 8, "clutter": 9, "bare_soil": 8}  # fmt: skip
"""Problem class to how many are planted, space permitting."""
ALIKE = {"blue_court": 8, "pool": 6, "flower_bed": 9, "gravel": 8, "flat_roof": 6, "terrace": 9, "ploughed_bed": 7,
         "netted_soil": 6}  # fmt: skip
"""Look-alike to how many are put, space permitting; lawful cars, bikes, stalls and sheds come on top."""
_ROADSIDE = ("exposed_garbage", "shared_bikes", "road_vending")
_LOTS = 5
_DRIVING = 8
_TRIES = 8_000


@dataclass(frozen=True, slots=True)
class Site:
    """One polygon of a register, metres, and whether its entry is in force while the patrol flies; None: unknown."""

    kind: RegisterKind
    outline: Polygon
    in_force: bool | None


def plant_all(rng: Rng, layout: Layout, area: BaseGeometry, sites: Sequence[Site]) -> Garden:
    """Return the ground with everything on it.

    Parameters
    ----------
    rng
        Decides everything.
    layout
        The divided ground.
    area
        What is patrolled without its holes, metres.
    sites
        What the registers say of it.
    """
    garden = Garden(layout, area.buffer(-EDGE_M))
    strict = [site.outline for site in sites if site.kind is RegisterKind.STRICT_PARKING]
    _on_sites(rng, garden, sites)
    _parked_cars(rng, garden, [s.outline for s in sites if s.kind is RegisterKind.STRICT_PARKING and s.in_force])
    _driving_cars(rng, garden, shapely.union_all(strict))
    roadside, inside = _ground_for(garden)
    for problem in ("bare_soil", "illegal_build", "waste_pile"):  # the largest first, while there is room
        _scatter(rng, garden, inside, PLANTED[problem], problem)
    _car_parks(rng, garden, inside)
    for kind, count in ALIKE.items():
        _scatter(rng, garden, inside, count, alike=kind)
    for problem in ("clutter", *_ROADSIDE):
        _scatter(rng, garden, roadside if problem in _ROADSIDE else inside, PLANTED[problem], problem)
    fill_blocks(rng, garden)
    plant_trees(rng, garden)
    return garden


def _ground_for(garden: Garden) -> tuple[BaseGeometry, BaseGeometry]:
    """Return the pavements along roads, and the ground inside blocks, both away from the registers' sites."""
    layout = garden.layout
    strict = shapely.union_all(list(layout.sites.get(RegisterKind.STRICT_PARKING, ())))
    others = [outline for kind, outlines in layout.sites.items() if kind is not RegisterKind.STRICT_PARKING
              for outline in outlines]  # fmt: skip
    away = shapely.union_all([shapely.union_all(others).buffer(_REGISTER_GAP_M), strict.buffer(2.5),
                              *(canal.buffer(4.0) for canal in layout.canals)])  # fmt: skip
    built = [block for block in layout.blocks if block.use is not Use.FIELDS]
    pavement = shapely.union_all([block.outline.difference(block.inner) for block in built])
    roadside = pavement.buffer(-2.0).difference(away)
    inside = shapely.union_all([block.inner for block in built]).difference(shapely.union_all([away, strict.buffer(8)]))
    return roadside.intersection(garden.allowed), inside.intersection(garden.allowed)


def _scatter(rng: Rng, garden: Garden, ground: BaseGeometry, count: int, problem: str = "", alike: str = "") -> None:
    """Put ``count`` things of one sort on the ground, as far as they fit."""
    look_alike_of, draw = LOOK_ALIKES[alike] if alike else ("", PROBLEMS[problem][1])
    kind = alike or PROBLEMS[problem][0]
    left = count
    for east, north in random_points(rng, ground, _TRIES):
        if not left:
            return
        turn = garden.layout.angle_rad + rng.integers(4) * np.pi / 2 + rng.normal(0, 0.08)
        place = Place(float(east), float(north), float(turn))
        if not garden.fits(place, 0.0, 0.0, SPACING_M):
            continue
        thing = draw(rng, place)
        radius = half_diagonal_m(thing)
        small = problem in _ROADSIDE  # a pavement is narrow: the middle on it is enough
        if not small and not ground.contains(shapely.Point(east, north).buffer(radius)):
            continue
        if garden.fits(place, radius, thing.height_m, SPACING_M):
            garden.put(Plant(kind, problem, look_alike_of, place, thing))
            left -= 1


def _parked_cars(rng: Rng, garden: Garden, strict: Sequence[Polygon]) -> None:
    """Park cars at the kerbs of strict-parking roads, now and then two in a row."""
    kerbs = [part.exterior for road in strict for part in shapely.get_parts(road.buffer(-_KERB_M))
             if isinstance(part, Polygon) and part.exterior.length > 40.0]  # fmt: skip
    if not kerbs:
        return
    lengths = np.array([kerb.length for kerb in kerbs])
    left = PLANTED["car_parking"]
    for _ in range(_TRIES // 2):
        if left <= 0:
            return
        kerb = kerbs[int(rng.choice(len(kerbs), p=lengths / lengths.sum()))]
        spot = rng.uniform(0.0, kerb.length)
        row = 2 if rng.random() < 0.25 and left > 1 else 1
        places = [place for k in range(row) if (place := _on_line(kerb, spot + k * ROW_M))]
        fit = [place for place in places if garden.allowed.contains(shapely.Point(place.xy))
               and garden.fits(place, 2.6, 1.4, SPACING_M)]  # fmt: skip
        if len(fit) == row:
            for place in fit:
                garden.put(Plant("car", "car_parking", "", place, car(rng, place)))
            left -= row


def _on_line(line: shapely.LinearRing, distance_m: float) -> Place | None:
    """Return the place on a line, looking along it, or None at its corners."""
    before, here, after = (np.array(line.interpolate((distance_m + d) % line.length).coords[0]) for d in (-4, 0, 4))
    ahead = after - before
    if np.hypot(*ahead) < 7.6:
        return None
    return Place(float(here[0]), float(here[1]), float(np.arctan2(ahead[1], ahead[0])))


def _driving_cars(rng: Rng, garden: Garden, strict: BaseGeometry) -> None:
    """Put cars in the lanes of roads on which they may be."""
    road = garden.layout.roads.difference(strict.buffer(10.0)).buffer(-1.0)
    lines = garden.layout.centre_lines
    left = _DRIVING
    for _ in range(_TRIES // 8 if lines else 0):
        if not left:
            return
        start, end = lines[int(rng.integers(len(lines)))]
        ahead = end - start
        middle = start + rng.random() * ahead
        place = Place(float(middle[0]), float(middle[1]), float(np.arctan2(ahead[1], ahead[0]))).at(0.0, -2.0)
        here = shapely.Point(place.xy)
        if road.contains(here) and garden.allowed.contains(here) and garden.fits(place, 2.6, 1.4, SPACING_M):
            garden.put(Plant("car", "", "car_parking", place, car(rng, place)))
            left -= 1


_SPOTS: dict[RegisterKind, tuple[str, tuple[tuple[float, float], ...]]] = {
    RegisterKind.BIKE_BAYS: ("shared_bikes", ((0.0, 0.0),)),
    RegisterKind.STALL_SITES: ("road_vending", ((-0.3, 0.0), (0.3, 0.0))),
    RegisterKind.BUILDING_SITES: ("illegal_build", ((-0.3, -0.15), (0.0, 0.18), (0.3, -0.15))),
}
"""What is put on a site, and where, in shares of its length and width from its middle."""


def _on_sites(rng: Rng, garden: Garden, sites: Sequence[Site]) -> None:
    """Put bikes into bays, stalls on approved sites, sheds on building sites: lawful while the site is in force."""
    for site in sites:
        if site.in_force is None:
            continue
        problem, spots = _SPOTS.get(site.kind, ("", ()))
        for along, across in spots:
            middle, length, width = _rectangle(site.outline)
            place = middle.at(along * length, across * width)
            kind, draw = PROBLEMS[problem]
            thing = draw(rng, place)
            here = shapely.Point(place.xy)
            on_site = site.outline.contains(here) and garden.allowed.contains(here)
            if on_site and garden.fits(place, half_diagonal_m(thing), thing.height_m, SPACING_M):
                lawful = site.in_force
                garden.put(Plant(kind, "" if lawful else problem, problem if lawful else "", place, thing))


def _rectangle(polygon: Polygon) -> tuple[Place, float, float]:
    """Return the place, length and width of a polygon's smallest rectangle."""
    corners = shapely.get_coordinates(polygon.minimum_rotated_rectangle)[:4]
    sides = np.diff(corners[:3], axis=0)
    lengths = np.hypot(*sides.T)
    along = sides[int(np.argmax(lengths))]
    middle = corners.mean(axis=0)
    place = Place(float(middle[0]), float(middle[1]), float(np.arctan2(along[1], along[0])))
    return place, float(lengths.max()), float(lengths.min())


def _car_parks(rng: Rng, garden: Garden, ground: BaseGeometry) -> None:
    """Lay out car parks whose cars stand in bays."""
    left = _LOTS
    for east, north in random_points(rng, ground, _TRIES):
        if not left:
            return
        place = Place(float(east), float(north), garden.layout.angle_rad + float(rng.integers(2)) * np.pi / 2)
        if not garden.fits(place, 16.0) or not ground.contains(Polygon(box(place, 28.5, 17.4))):
            continue
        lot = _car_park(place)
        garden.others.append(lot)
        for side, bays in ((-1, (-5, -1, 3)), (1, (-3, 2, 5))):
            for bay in bays:
                if rng.random() < 0.7:
                    spot = place.at(bay * 2.5, side * 5.6, side * np.pi / 2)
                    garden.put(Plant("car", "", "car_parking", spot, car(rng, spot)))
        garden.hold(place, half_diagonal_m(lot))
        left -= 1


def _car_park(place: Place) -> Thing:
    """Return the asphalt and the bays of a car park."""
    lot = Thing(27.5, 16.4, 0.0)
    lot.flat.add(box(place, 27.5, 16.4), (104, 102, 100), 90)
    for i in range(12):
        for side in (-1, 1):
            ends: Points = place.points([[(i - 5.5) * 2.5, side * 3.1], [(i - 5.5) * 2.5, side * 8.1]])
            lot.flat.add(band(ends[0], ends[1], 0.12), (202, 206, 206), 0)
    return lot
