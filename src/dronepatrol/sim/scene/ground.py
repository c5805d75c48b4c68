"""What lies flat: asphalt with its markings, pavements, lawns, fields, water, sites; the picture's lowest layer."""

from itertools import pairwise

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from dronepatrol.model.patrol import RegisterKind
from dronepatrol.sim.scene.layout import Block, Layout, Use
from dronepatrol.sim.scene.shapes import Colour, Place, Points, Sketch, band, box, disc, shaded

ASPHALT: Colour = (98, 95, 92)
PAVING: Colour = (160, 166, 170)
CONCRETE: Colour = (148, 156, 162)
LAWN: Colour = (70, 122, 98)
WATER: Colour = (104, 116, 88)
MARKING: Colour = (202, 206, 206)
_FACE_M = 150.0
CROPS: tuple[Colour, ...] = ((66, 126, 84), (76, 142, 100), (60, 112, 78), (84, 150, 120), (72, 132, 112))


def paint_ground(rng: np.random.Generator, layout: Layout) -> Sketch:
    """Return all flat ground, from the bottom up."""
    sketch = Sketch()
    for block in layout.blocks:
        _block(rng, sketch, block, layout.angle_rad)
    for canal in layout.canals:
        _fill(sketch, canal.buffer(2.0, join_style="mitre"), shaded(CONCRETE, 0.9), 60)
        _fill(sketch, canal, WATER, 50)
    _roads(sketch, layout)
    for kind, polygons in layout.sites.items():
        for polygon in polygons:
            _site(sketch, kind, polygon)
    _substation(sketch, layout)
    return sketch


def _ring(polygon: Polygon) -> Points:
    return shapely.get_coordinates(polygon.exterior)[:-1]


def _fill(sketch: Sketch, geometry: BaseGeometry, colour: Colour, texture: int) -> None:
    """Paint polygons; large ones and those with holes in pieces, since a face is one short ring."""
    for part in shapely.get_parts(geometry):
        if not isinstance(part, Polygon) or part.is_empty:
            continue
        west, south, east, north = part.bounds
        if not part.interiors and max(east - west, north - south) <= _FACE_M:
            sketch.add(_ring(part), colour, texture)
            continue
        if east - west >= north - south:
            cut = part.interiors[0].centroid.x if part.interiors else (west + east) / 2
            halves = (west, south, cut, north), (cut, south, east, north)
        else:
            cut = part.interiors[0].centroid.y if part.interiors else (south + north) / 2
            halves = (west, south, east, cut), (west, cut, east, north)
        for half in halves:
            _fill(sketch, shapely.intersection(part, shapely.box(*half)), colour, texture)


def _block(rng: np.random.Generator, sketch: Sketch, block: Block, angle: float) -> None:
    if block.use is Use.FIELDS:
        _fill(sketch, block.outline, shaded(LAWN, 0.95), 140)
        _strips(rng, sketch, block.inner, angle)
        return
    _fill(sketch, block.outline, PAVING, 50)
    kerb = shapely.get_coordinates(block.outline)
    for a, b in pairwise(kerb):
        sketch.add(band(a, b, 0.3), (190, 194, 196), 20)
    if block.use is Use.WORKS:
        _fill(sketch, block.inner, CONCRETE, 80)
        _joints(sketch, block.inner, angle)
    else:
        _fill(sketch, block.inner, LAWN, 130)
    if block.use is Use.PARK:
        _paths(sketch, block.inner, angle)


def _paths(sketch: Sketch, inner: Polygon, angle: float) -> None:
    """Draw two paths across a park, and the place where they meet."""
    middle = Place(inner.centroid.x, inner.centroid.y, angle)
    for turn in (0.3, np.pi / 2 + 0.2):
        path = Polygon(box(middle.at(0, 0, turn), 400.0, 2.4))
        _fill(sketch, shapely.intersection(path, inner), (152, 164, 172), 60)
    _fill(sketch, shapely.intersection(Polygon(disc(middle, 7.0, 24)), inner), (150, 160, 168), 60)


def _joints(sketch: Sketch, inner: Polygon, angle: float) -> None:
    """Draw the joints of a concrete yard."""
    for turn, step in ((angle, 9.0), (angle + np.pi / 2, 9.0)):
        for line in _hatch(inner, turn, step):
            ends = shapely.get_coordinates(line)
            sketch.add(band(ends[0], ends[-1], 0.12), shaded(CONCRETE, 0.9), 30)


def _hatch(polygon: BaseGeometry, angle: float, step_m: float) -> list[shapely.LineString]:
    """Return parallel lines across a polygon."""
    centre = np.array(polygon.centroid.coords[0])
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    reach = float(np.hypot(*np.ptp(np.reshape(polygon.bounds, (2, 2)), axis=0)))
    offsets = np.arange(-reach / 2, reach / 2, step_m)
    lines = [shapely.LineString([centre + across * o - along * reach, centre + across * o + along * reach])
             for o in offsets]  # fmt: skip
    cut = shapely.get_parts(shapely.intersection(lines, polygon))
    return [line for line in cut if isinstance(line, shapely.LineString) and line.length > 2.0]


def _strips(rng: np.random.Generator, sketch: Sketch, inner: Polygon, angle: float) -> None:
    """Paint paddies and vegetable plots as strips of different green."""
    turn = angle + (np.pi / 2 if rng.random() < 0.5 else 0.0)
    width = rng.uniform(9.0, 16.0)
    for line in _hatch(inner, turn, width):
        ends = shapely.get_coordinates(line)
        strip = shapely.intersection(Polygon(band(ends[0], ends[-1], width - 1.0)), inner)
        crop = CROPS[rng.integers(len(CROPS))]
        _fill(sketch, strip, crop, int(rng.integers(90, 170)))
        if rng.random() < 0.4:
            for row in _hatch(Polygon(band(ends[0], ends[-1], width - 2.0)).intersection(inner), turn, 1.4):
                points = shapely.get_coordinates(row)
                sketch.add(band(points[0], points[-1], 0.45), shaded(crop, 0.82), 90)


def _roads(sketch: Sketch, layout: Layout) -> None:
    strict = shapely.union_all(list(layout.sites.get(RegisterKind.STRICT_PARKING, ())))
    _fill(sketch, layout.roads, ASPHALT, 90)
    for ends in layout.centre_lines:
        _dashes(sketch, ends[0], ends[1], layout)
    _fill(sketch, strict, shaded(ASPHALT, 0.94), 80)
    for polygon in shapely.get_parts(strict):
        if isinstance(polygon, Polygon):
            ring = shapely.get_coordinates(polygon.buffer(-0.5, join_style="mitre").exterior)
            for a, b in pairwise(ring):
                if np.hypot(*(b - a)) > 20:  # the yellow line at the kerb: no stopping
                    sketch.add(band(a, b, 0.15), (60, 176, 204), 10)


def _dashes(sketch: Sketch, start: Points, end: Points, layout: Layout) -> None:
    length = float(np.hypot(*(end - start)))
    way = (end - start) / length
    spots = start + np.arange(2.0, length - 4.0, 8.0)[:, None] * way
    inside = shapely.contains_xy(layout.roads.intersection(layout.extent), spots[:, 0], spots[:, 1])
    for spot in spots[inside]:
        sketch.add(band(spot, spot + 3.2 * way, 0.15), MARKING, 10)


def _site(sketch: Sketch, kind: RegisterKind, polygon: Polygon) -> None:
    if kind is RegisterKind.STALL_SITES:
        _fill(sketch, polygon.buffer(1.0), (136, 152, 168), 60)
    elif kind is RegisterKind.BIKE_BAYS:
        _fill(sketch, polygon, (150, 150, 146), 40)
    elif kind is RegisterKind.BUILDING_SITES:
        _fill(sketch, polygon, (148, 152, 152), 150)
    else:
        return
    ring = shapely.get_coordinates(polygon.exterior)
    for a, b in pairwise(ring):
        sketch.add(band(a, b, 0.15), MARKING, 0)


def _substation(sketch: Sketch, layout: Layout) -> None:
    for hole in shapely.get_parts(layout.hole):
        if not isinstance(hole, Polygon):
            continue
        _fill(sketch, hole, (140, 146, 148), 120)
        inner = hole.buffer(-6.0)
        ring = shapely.get_coordinates(inner.exterior)
        for a, b in pairwise(ring):
            sketch.add(band(a, b, 0.25), (176, 178, 178), 0)
        for line in _hatch(inner.buffer(-8), layout.angle_rad, 14.0):
            for share in np.linspace(0.08, 0.92, 6):
                spot = line.interpolate(share, normalized=True)
                place = Place(spot.x, spot.y, layout.angle_rad)
                sketch.add(box(place, 5.0, 3.4), (122, 128, 124), 40)
                sketch.add(box(place, 3.2, 2.0), (150, 158, 150), 20)
