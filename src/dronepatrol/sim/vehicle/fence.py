"""The fence: polygons and circles that were uploaded, and the parameters' circle and heights, as ArduPilot's AC_Fence.

Facts from ArduPilot's documentation (FENCE_* parameters) and from the recorded breach: what is uploaded counts where
FENCE_TYPE says so; outside any one inclusion, or inside any one exclusion, is a breach; it is looked at ten times a
second; no margin is added. FENCE_OPTIONS bit 1 lets it be enough to be inside one of several inclusions. The least
height (FENCE_TYPE bit 3) is not kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntFlag
from math import hypot

from dronepatrol.model.mission import MissionItem
from dronepatrol.sim.vehicle.parameters import Parameters

_POLYGON_IN, _POLYGON_OUT, _CIRCLE_IN, _CIRCLE_OUT = 5001, 5002, 5003, 5004  # MAV_CMD_NAV_FENCE_*
_INCLUSIONS = {_POLYGON_IN, _CIRCLE_IN}
_UNION = 2  # bit of FENCE_OPTIONS

Place = tuple[float, float]
"""North, east in metres."""


class Breach(IntFlag):
    """The fences that can be breached, as the bits of FENCE_TYPE."""

    NONE = 0
    ALT_MAX = 1
    CIRCLE = 2
    POLYGON = 4

    @property
    def words(self) -> str:
        """What the autopilot calls them."""
        names = {Breach.ALT_MAX: "Max Alt", Breach.CIRCLE: "Circle", Breach.POLYGON: "Polygon"}
        return " and ".join(name for bit, name in names.items() if self & bit) + " fence"

    @property
    def mavlink(self) -> int:
        """The breach as FENCE_BREACH: boundary 3, height 2."""
        if self & (Breach.CIRCLE | Breach.POLYGON):
            return 3
        return 2 if self & Breach.ALT_MAX else 0


@dataclass(frozen=True, slots=True)
class _Zone:
    """A polygon, or a circle around its one corner."""

    inclusion: bool
    corners: tuple[Place, ...]
    radius_m: float = 0.0

    def contains(self, place: Place) -> bool:
        if len(self.corners) == 1:
            (n, e), radius = self.corners[0], self.radius_m
            return hypot(place[0] - n, place[1] - e) <= radius
        inside = False
        n, e = place
        last = self.corners[-1]
        for corner in self.corners:  # even-odd rule
            if (corner[1] > e) != (last[1] > e) and n < (last[0] - corner[0]) * (e - corner[1]) / (
                last[1] - corner[1]
            ) + corner[0]:
                inside = not inside
            last = corner
        return inside


def fence_error(items: Sequence[MissionItem]) -> int | None:
    """Return the place of the first item that spoils a fence, or None: polygons need their stated number of corners."""
    at = 0
    while at < len(items):
        item = items[at]
        if item.command in {_CIRCLE_IN, _CIRCLE_OUT}:
            if not item.params[0] > 0:
                return at
            at += 1
        elif item.command in {_POLYGON_IN, _POLYGON_OUT}:
            count = int(item.params[0])
            ring = items[at : at + count]
            if count < 3 or len(ring) < count or any((i.command, i.params[0]) != (item.command, count) for i in ring):
                return at
            at += count
        else:  # the return point of old
            at += 1
    return None


def _zones(items: Sequence[MissionItem], places: Sequence[Place]) -> Iterator[_Zone]:
    at = 0
    while at < len(items):
        item = items[at]
        polygon = item.command in {_POLYGON_IN, _POLYGON_OUT}
        count = int(item.params[0]) if polygon else 1
        if polygon or item.command in {_CIRCLE_IN, _CIRCLE_OUT}:
            corners = tuple(places[at : at + count])
            yield _Zone(item.command in _INCLUSIONS, corners, 0.0 if polygon else item.params[0])
        at += count


class Fence:
    """What must not be left or entered, and what is breached now."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._zones: tuple[_Zone, ...] = ()
        self.breached = Breach.NONE
        self.count = 0
        self.breach_ms = 0

    def load(self, items: Sequence[MissionItem], places: Sequence[Place]) -> None:
        """Take zones; ``places`` are the items' in metres."""
        self._zones = tuple(_zones(items, places))

    @property
    def enabled(self) -> bool:
        """Whether the vehicle keeps to it."""
        return bool(int(self._parameters["FENCE_ENABLE"]))

    @property
    def present(self) -> Breach:
        """The fences that there are: those of FENCE_TYPE, the polygons only where some are loaded."""
        kinds = Breach(int(self._parameters["FENCE_TYPE"]) & 7)
        return kinds if self._zones else kinds & ~Breach.POLYGON

    def outside(self, place: Place, from_home_m: float, height_m: float) -> Breach:
        """Return what is breached at a place, whether or not the fence is enabled."""
        values, kinds, breach = self._parameters, self.present, Breach.NONE
        if kinds & Breach.ALT_MAX and height_m >= values["FENCE_ALT_MAX"]:
            breach |= Breach.ALT_MAX
        if kinds & Breach.CIRCLE and from_home_m >= values["FENCE_RADIUS"]:
            breach |= Breach.CIRCLE
        if kinds & Breach.POLYGON and self._outside_zones(place):
            breach |= Breach.POLYGON
        return breach

    def _outside_zones(self, place: Place) -> bool:
        left = [not zone.contains(place) for zone in self._zones if zone.inclusion]
        enough = all if int(self._parameters["FENCE_OPTIONS"]) & _UNION else any
        entered = any(zone.contains(place) for zone in self._zones if not zone.inclusion)
        return entered or (bool(left) and enough(left))

    def check(self, place: Place, from_home_m: float, height_m: float, now_ms: int) -> tuple[Breach, bool]:
        """Look again; return what is newly breached, and whether a breach has just been cleared."""
        before = self.breached
        self.breached = self.outside(place, from_home_m, height_m) if self.enabled else Breach.NONE
        new = self.breached & ~before
        if new:
            self.count += 1
            if not before:
                self.breach_ms = now_ms
        return new, bool(before) and not self.breached

    def arming_problem(self, place: Place, from_home_m: float, height_m: float) -> str:
        """Return why the vehicle must not arm with this fence, or nothing."""
        if not self.enabled:
            return ""
        if not self.present:
            return "Fences enabled, but none selected"
        if (
            self._parameters["FENCE_ALT_MAX"] - self._parameters["FENCE_ALT_MIN"]
            <= 2 * self._parameters["FENCE_MARGIN"]
        ):
            return "FENCE_MARGIN too big"
        breach = self.outside(place, from_home_m, height_m)
        return f"Vehicle breaching {breach.words}" if breach else ""
