"""Where things go: planted problems, look-alikes, then houses and trees that keep clear of both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from dronepatrol.model.patrol import RegisterKind
from dronepatrol.sim import objects, surroundings
from dronepatrol.sim.layout import Block, Layout, Use
from dronepatrol.sim.objects import LOOK_ALIKES, PROBLEMS, Draw, Rng, Thing
from dronepatrol.sim.shapes import Place, Sketch, band, box

SPACING_M = 12.0
"""Planted things and look-alikes lie at least this far apart, but for a few cars parked in a row."""
EDGE_M = 8.0
"""They lie at least this far inside the area."""
_REGISTER_GAP_M = 7.0
_LEAN = 0.7  # metres that one metre of height hides at most: by its shadow, or by leaning in a wide photo

PLANTED = {"car_parking": 13, "shared_bikes": 9, "road_vending": 9, "illegal_build": 9, "exposed_garbage": 10,
           "waste_pile": 8, "clutter": 9, "bare_soil": 8}  # fmt: skip
ALIKE = {"blue_court": 8, "pool": 6, "flower_bed": 9, "gravel": 8, "flat_roof": 6, "terrace": 9, "ploughed_bed": 7,
         "netted_soil": 6}  # fmt: skip
_LOTS = 5
_TRIES = 4000


@dataclass(frozen=True, slots=True)
class Plant:
    """One thing of the truth: a planted problem (``problem`` set) or a look-alike of one."""

    kind: str
    problem: str
    look_alike_of: str
    place: Place
    thing: Thing


@dataclass(slots=True)
class Garden:
    """What has been put where; ``clear`` holds east, north, radius of what houses and trees keep away from."""

    layout: Layout
    allowed: BaseGeometry
    plants: list[Plant] = field(default_factory=list)
    others: list[Thing] = field(default_factory=list)
    clear: list[tuple[float, float, float, float]] = field(default_factory=list)  # east, north, radius, height

    def fits(self, place: Place, radius_m: float, height_m: float = 0.0, spacing_m: float = 0.0) -> bool:
        """Return whether a round thing stays clear of all others, counting shadow and lean of the taller."""
        if not self.clear:
            return True
        east, north, radius, height = np.array(self.clear).T
        away = np.hypot(east - place.east_m, north - place.north_m)
        need = radius + radius_m + _LEAN * np.maximum(height, height_m) + 1.0
        return bool((away >= np.maximum(need, spacing_m)).all())

    def put(self, plant: Plant) -> None:
        """Add a planted thing."""
        self.plants.append(plant)
        self.hold(plant.place, plant.thing)

    def hold(self, place: Place, thing: Thing) -> None:
        """Keep the ground of a thing clear."""
        radius = float(np.hypot(thing.length_m, thing.width_m)) / 2
        self.clear.append((place.east_m, place.north_m, radius, thing.height_m))


def plant_all(rng: Rng, layout: Layout, area: BaseGeometry, lawful: Sequence[tuple[RegisterKind, Polygon]]) -> Garden:
    """Return the ground with everything on it.

    Parameters
    ----------
    rng
        Decides everything.
    layout
        The divided ground.
    area
        Where problems may be, metres: the patrolled area without its holes.
    lawful
        The registers' polygons that are in force at the time of the patrol.
    """
    garden = Garden(layout, area.buffer(-EDGE_M))
    _register_look_alikes(rng, garden, lawful)
    _parked_cars(rng, garden, [polygon for kind, polygon in lawful if kind is RegisterKind.STRICT_PARKING])
    roadside, inside = _ground_for(garden)
    for problem, draw in (("bare_soil", inside), ("illegal_build", inside), ("waste_pile", inside)):
        _scatter(rng, garden, draw, PLANTED[problem], problem=problem)
    _lots(rng, garden, inside)
    for kind, count in ALIKE.items():
        _scatter(rng, garden, inside, count, alike=kind)
    for problem, where in (("clutter", inside), ("exposed_garbage", roadside), ("shared_bikes", roadside),
                           ("road_vending", roadside)):  # fmt: skip
        _scatter(rng, garden, where, PLANTED[problem], problem=problem)
    for block in layout.blocks:
        _buildings(rng, garden, block)
    _trees(rng, garden)
    return garden


def _ground_for(garden: Garden) -> tuple[BaseGeometry, BaseGeometry]:
    """Return the pavements along roads, and the ground inside blocks, without the registers' sites."""
    layout = garden.layout
    sites = shapely.union_all([p for group in layout.sites.values() for p in group]).buffer(_REGISTER_GAP_M)
    wet = shapely.union_all([canal.buffer(4.0) for canal in layout.canals])
    built = [block for block in layout.blocks if block.use is not Use.FIELDS]
    pavement = shapely.union_all([block.outline.difference(block.inner) for block in built])
    strict = shapely.union_all(list(layout.sites.get(RegisterKind.STRICT_PARKING, ())))
    other = shapely.union_all([p for kind, group in layout.sites.items() if kind is not RegisterKind.STRICT_PARKING
                               for p in group]).buffer(_REGISTER_GAP_M)  # fmt: skip
    roadside = pavement.buffer(-2.0).difference(shapely.union_all([wet, other, strict.buffer(2.5)]))
    inside = shapely.union_all([block.inner for block in built]).difference(shapely.union_all([wet, sites]))
    return roadside.intersection(garden.allowed), inside.intersection(garden.allowed)


def _points(rng: Rng, ground: BaseGeometry, count: int) -> np.ndarray:
    """Return up to ``count`` even random points on the ground."""
    if ground.is_empty:
        return np.empty((0, 2))
    west, south, east, north = ground.bounds
    points = rng.uniform((west, south), (east, north), (count, 2))
    return np.asarray(points[shapely.contains_xy(ground, points[:, 0], points[:, 1])])


def _scatter(rng: Rng, garden: Garden, ground: BaseGeometry, count: int, *, problem: str = "", alike: str = "") -> None:
    """Put ``count`` things of one sort on the ground, as far as they fit."""
    look_alike_of, draw = LOOK_ALIKES[alike] if alike else ("", PROBLEMS[problem][1])
    kind = alike or PROBLEMS[problem][0]
    left = count
    for east, north in _points(rng, ground, _TRIES * 5):
        if not left:
            return
        turn = garden.layout.angle_rad + rng.integers(4) * np.pi / 2 + rng.normal(0, 0.08)
        place = Place(float(east), float(north), float(turn))
        thing = draw(rng, place)
        radius = float(np.hypot(thing.length_m, thing.width_m)) / 2
        room = problem in ("shared_bikes", "road_vending", "exposed_garbage")
        if not garden.fits(place, radius, thing.height_m, SPACING_M):
            continue
        if not room and not shapely.contains(ground.buffer(0.0), shapely.Point(east, north).buffer(radius)):
            continue
        garden.put(Plant(kind, problem, look_alike_of, place, thing))
        left -= 1


def _parked_cars(rng: Rng, garden: Garden, strict: Sequence[Polygon]) -> None:
    """Park cars at the kerbs of strict-parking roads, now and then two in a row."""
    kerbs = [polygon.buffer(-1.9).exterior for polygon in strict if not polygon.buffer(-1.9).is_empty
             and isinstance(polygon.buffer(-1.9), Polygon)]  # fmt: skip
    if not kerbs:
        return
    lengths = np.array([kerb.length for kerb in kerbs])
    left = PLANTED["car_parking"]
    for _ in range(_TRIES):
        if left <= 0:
            return
        kerb = kerbs[int(rng.choice(len(kerbs), p=lengths / lengths.sum()))]
        spot = rng.uniform(8.0, kerb.length - 8.0)
        row = 2 if rng.random() < 0.25 and left > 1 else 1
        places = [_on_line(kerb, spot + k * 6.6) for k in range(row)]
        if any(place is None or not garden.allowed.contains(shapely.Point(place.xy)) for place in places):
            continue
        if all(place and garden.fits(place, 2.6, 1.4, SPACING_M) for place in places):
            for place in places:
                assert place is not None
                garden.put(Plant("car", "car_parking", "", place, objects.car(rng, place)))
            left -= row


def _on_line(line: shapely.LinearRing, distance_m: float) -> Place | None:
    """Return the place on a line, looking along it, or None at its corners and ends."""
    before, here, after = (np.array(line.interpolate((distance_m + d) % line.length).coords[0]) for d in (-4, 0, 4))
    ahead = after - before
    if np.hypot(*ahead) < 7.6:
        return None
    return Place(float(here[0]), float(here[1]), float(np.arctan2(ahead[1], ahead[0])))


def _centred(polygon: Polygon) -> tuple[Place, float, float]:
    """Return the place, length and width of a polygon's smallest rectangle."""
    corners = shapely.get_coordinates(polygon.minimum_rotated_rectangle)[:4]
    sides = np.diff(corners[:3], axis=0)
    lengths = np.hypot(*sides.T)
    along = sides[int(np.argmax(lengths))]
    middle = corners.mean(axis=0)
    place = Place(float(middle[0]), float(middle[1]), float(np.arctan2(along[1], along[0])))
    return place, float(lengths.max()), float(lengths.min())


def _register_look_alikes(rng: Rng, garden: Garden, lawful: Sequence[tuple[RegisterKind, Polygon]]) -> None:
    """Put bikes into bays, stalls on approved sites and sheds on building sites: seen alike, but lawful."""
    spread: dict[RegisterKind, tuple[str, str, Draw, tuple[tuple[float, float], ...]]] = {
        RegisterKind.BIKE_BAYS: ("shared_bike", "shared_bikes", objects.shared_bikes, ((0, 0),)),
        RegisterKind.STALL_SITES: ("stall", "road_vending", objects.stall, ((-0.3, 0), (0.3, 0))),
        RegisterKind.BUILDING_SITES: ("blue_roof", "illegal_build", objects.blue_roof,
                                      ((-0.3, -0.15), (0, 0.18), (0.3, -0.15))),
    }  # fmt: skip
    for register, polygon in lawful:
        if register not in spread:
            continue
        kind, alike, draw, spots = spread[register]
        centre, length, width = _centred(polygon)
        for along, across in spots:
            place = centre.at(along * length, across * width)
            thing = draw(rng, place)
            inside = polygon.contains(shapely.Point(place.xy)) and garden.allowed.contains(shapely.Point(place.xy))
            if inside and garden.fits(place, thing.length_m / 2, thing.height_m, SPACING_M):
                garden.put(Plant(kind, "", alike, place, thing))


def _lots(rng: Rng, garden: Garden, ground: BaseGeometry) -> None:
    """Lay out car parks whose cars stand in bays."""
    left = _LOTS
    for east, north in _points(rng, ground, _TRIES):
        if not left:
            return
        place = Place(float(east), float(north), garden.layout.angle_rad + float(rng.integers(2)) * np.pi / 2)
        lot = Thing(length_m=27.5, width_m=16.4)
        if not garden.fits(place, 16.0) or not ground.contains(Polygon(box(place, 28.5, 17.4))):
            continue
        lot.flat.add(box(place, 27.5, 16.4), (104, 102, 100), 90)
        for i in range(12):
            for side in (-1, 1):
                ends = place.points([[(i - 5.5) * 2.5, side * 3.1], [(i - 5.5) * 2.5, side * 8.1]])
                lot.flat.add(band(ends[0], ends[1], 0.12), (214, 218, 218), 0)
        garden.others.append(lot)
        for side in (-1, 1):
            for bay in (-5, -1, 3) if side < 0 else (-3, 2, 5):
                if rng.random() < 0.7:
                    spot = place.at(bay * 2.5, side * 5.6, side * np.pi / 2)
                    garden.put(Plant("car", "", "car_parking", spot, objects.car(rng, spot)))
        garden.hold(place, lot)
        left -= 1


_Build = Callable[[Rng, Place, float, float], Thing]


def _buildings(rng: Rng, garden: Garden, block: Block) -> None:
    """Fill a block with rows of houses or halls wherever they neither hide nor shade a planted thing."""
    if block.use not in (Use.HOMES, Use.WORKS):
        return
    homes = block.use is Use.HOMES
    step, row, build = (21.0, 23.0, surroundings.house) if homes else (48.0, 34.0, surroundings.hall)
    builder: _Build = build
    middle = block.inner.centroid
    frame = Place(middle.x, middle.y, garden.layout.angle_rad)
    reach = float(np.hypot(*np.ptp(np.reshape(block.inner.bounds, (2, 2)), axis=0))) / 2
    for across in np.arange(-reach, reach, row):
        for along in np.arange(-reach + rng.uniform(0, 6), reach, step):
            length = rng.uniform(11, 18) if homes else rng.uniform(26, 40)
            width = rng.uniform(9, 11.5) if homes else rng.uniform(16, 22)
            place = frame.at(float(along), float(across), float(rng.normal(0, 0.01)))
            outline = Polygon(box(place, length, width))
            if not block.inner.contains(outline):
                continue
            thing = builder(rng, place, length, width)
            if _keeps_clear(garden, outline, thing.height_m):
                if homes:
                    thing.flat.add(box(place.at(0, -width / 2 - 2.2), length + 2, 4.6), (156, 162, 166), 50)
                garden.others.append(thing)
                parts = int(np.ceil(length / width))
                for part in range(parts):
                    spot = place.at((part + 0.5) / parts * length - length / 2, 0)
                    garden.clear.append((*spot.xy.tolist(), width * 0.7, 0.0))


def _keeps_clear(garden: Garden, outline: Polygon, height_m: float) -> bool:
    if not garden.clear:
        return True
    east, north, radius, _ = np.array(garden.clear).T
    away = shapely.distance(outline, shapely.points(east, north))
    return bool((away >= radius + _LEAN * height_m + 1.0).all())


def _trees(rng: Rng, garden: Garden) -> None:
    """Plant trees along the streets, in parks and gardens."""
    layout = garden.layout
    spots = [_along_streets(layout)]
    for block in layout.blocks:
        dense = {Use.PARK: 70.0, Use.HOMES: 260.0, Use.WORKS: 900.0, Use.FIELDS: 2500.0}[block.use]
        box_area = float(shapely.box(*block.inner.bounds).area)
        spots.append(_points(rng, block.inner, int(box_area / dense)))
    road = layout.roads.buffer(0.5)
    for east, north in np.concatenate(spots):
        place = Place(float(east), float(north), float(rng.uniform(0, 6.28)))
        thing = surroundings.tree(rng, place)
        if garden.fits(place, thing.length_m / 2, thing.height_m) and not shapely.contains_xy(road, east, north):
            garden.others.append(thing)
            garden.clear.append((place.east_m, place.north_m, thing.length_m * 0.3, 0.0))


def _along_streets(layout: Layout) -> np.ndarray:
    """Return places for street trees, on the pavement close to the kerb."""
    found = [np.empty((0, 2))]
    for block in layout.blocks:
        if block.use is Use.FIELDS:
            continue
        kerb = block.outline.buffer(-1.6, join_style="mitre")
        ring = max(shapely.get_parts(kerb), key=lambda part: part.area).exterior if not kerb.is_empty else None
        if ring is not None:
            found.append(shapely.get_coordinates(ring.interpolate(np.arange(6.0, ring.length, 11.0))))
    return np.concatenate(found)


def drawn(garden: Garden) -> tuple[Sketch, Sketch, list[tuple[np.ndarray, float]]]:
    """Return what lies flat, what stands up (low things first) and what throws shadows."""
    flat, raised = Sketch(), Sketch()
    things = [*garden.others, *(plant.thing for plant in garden.plants)]
    flat.extend(thing.flat for thing in things)
    raised.extend(thing.raised for thing in sorted(things, key=lambda thing: thing.height_m))
    return flat, raised, [cast for thing in things for cast in thing.casts]
