"""What several photos say of one place: a change is kept where most of those that show the place agree."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import shapely
from shapely import Polygon
from shapely.geometry import mapping

from dronepatrol.detect.heap_change import BESIDE_M
from dronepatrol.geo.local import LocalFrame
from dronepatrol.patrol.change_looks import Find, Look

SEES = 0.8
"""Share of a change that a comparison must show to have a say in it."""
_SAME = 0.5  # share of a structure's outline in a heap, from which the heap is all there is


@dataclass(frozen=True, slots=True)
class Change:
    """A change that most comparisons agree on; ``looks`` are those that found it, ``best`` is the most typical one."""

    ground: Polygon
    appeared: bool
    heap_kind: str
    score: float
    looks: tuple[Look, ...]
    best: Look


def voted(looks: list[Look]) -> list[Change]:
    """Return the changes, largest first.

    Finds that overlap are one change (heaps: that lie within the error of registration); its outline is that of the
    find most like the others, since a union would grow with every photo. Of a heap that is a structure too, the heap.
    """
    kept: list[Change] = []
    for of_heaps in (True, False):
        for appeared in (True, False):
            found = _agreed(looks, appeared=appeared, of_heaps=of_heaps)
            heaps = shapely.union_all([one.ground for one in kept if one.appeared is appeared])
            kept += [one for one in found if of_heaps or one.ground.intersection(heaps).area < _SAME * one.ground.area]
    return sorted(kept, key=lambda one: -one.ground.area)


def _agreed(looks: list[Look], *, appeared: bool, of_heaps: bool) -> list[Change]:
    own = [
        (number, find)
        for number, look in enumerate(looks)
        for find in look.finds
        if find.appeared is appeared and bool(find.heap_kind) is of_heaps
    ]
    reach_m = BESIDE_M / 2 if of_heaps else 0.0
    kept = []
    for place in shapely.get_parts(shapely.union_all([find.ground.buffer(reach_m) for _, find in own])).tolist():
        members = [(number, find) for number, find in own if find.ground.intersects(place)]
        agree = {number for number, _ in members}
        number, typical = max(members, key=lambda one: _alike(one[1], members))
        see = {n for n, look in enumerate(looks) if _has_a_say(look, typical.ground, of_heaps=of_heaps)}
        score = len(agree) / len(agree | see)
        if score > 0.5:
            kind = Counter(find.heap_kind for _, find in members).most_common(1)[0][0]
            which = tuple(looks[n] for n in sorted(agree))
            kept.append(Change(typical.ground, appeared, kind, score, which, looks[number]))
    return kept


def _has_a_say(look: Look, place: Polygon, *, of_heaps: bool) -> bool:
    """Return whether a comparison shows a place; of heaps, all of it."""
    if of_heaps:
        return bool(look.heaps_shown.contains(place))
    return bool(look.shown.intersection(place).area >= SEES * place.area)


def _alike(find: Find, members: list[tuple[int, Find]]) -> float:
    """Return how much of its outline a find shares with others: intersection over union, summed."""
    return sum(find.ground.intersection(one.ground).area / find.ground.union(one.ground).area for _, one in members)


def feature(number: int, one: Change, frame: LocalFrame) -> dict[str, Any]:
    """Return a change as a GeoJSON feature."""
    properties = {
        "kind": "appeared" if one.appeared else "disappeared",
        "what": "heap" if one.heap_kind else "structure",
        "heap_kind": one.heap_kind or None,
        "area_m2": round(one.ground.area, 1),
        "score": round(one.score, 3),
        "photos": [look.view.shot_id for look in one.looks],
        "before": sorted({look.source.name for look in one.looks}),
        "before_time": min((look.source.time for look in one.looks if look.source.time), default=None),
        "after_time": max((look.view.time for look in one.looks if look.view.time), default=None),
    }
    polygon = mapping(shapely.orient_polygons(shapely.set_precision(frame.geometry_to_lonlat(one.ground), 1e-8)))
    return {"type": "Feature", "id": f"C{number:03d}", "geometry": polygon, "properties": properties}
