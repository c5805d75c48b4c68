"""A mission's items read as a way: how much of it is flown, where a photo belongs, what is set along it. All pure.

Lengths are geodesic, in metres over ground; an item's index is the autopilot's.
"""

from dataclasses import dataclass
from itertools import pairwise

from dronepatrol.geo.local import WGS84
from dronepatrol.model.mission import Command, Frame, LonLat, MissionItem

_PHOTOS = {Command.DO_DIGICAM_CONTROL, Command.IMAGE_START_CAPTURE}
_TRIGGER = Command.DO_SET_CAM_TRIGG_DIST
_SETTINGS = (Command.DO_CHANGE_SPEED, Command.DO_MOUNT_CONTROL, Command.CONDITION_YAW)
MOVES_BELOW = 95
"""MAV_CMD_NAV_LAST: commands below it move the vehicle."""


def distance_m(a: LonLat, b: LonLat) -> float:
    """Return the geodesic distance of two (lon, lat) positions."""
    return float(WGS84.inv(*a, *b)[2])


@dataclass(frozen=True, slots=True)
class Route:
    """The way that a mission's items describe, from home to home.

    ``ends`` are where each item leaves the vehicle, ``reached_m`` how long the way is until then, ``photos`` how many
    have been taken by then. Heights are above home, of the waypoints.
    """

    items: tuple[MissionItem, ...]
    ends: tuple[LonLat, ...]
    reached_m: tuple[float, ...]
    photos: tuple[int, ...]
    total_m: float
    lowest_m: float
    highest_m: float

    def flown_m(self, index: int, at: LonLat) -> float:
        """Return how much of the way lies behind a vehicle that works on an item and is at a place."""
        if not self.items:
            return 0.0
        index = min(max(index, 0), len(self.items) - 1)
        return max(0.0, self.reached_m[index] - distance_m(at, self.ends[index]))

    def flown_share(self, index: int, at: LonLat) -> float:
        """Return the same as a share of the whole way, 0 to 1."""
        return min(1.0, self.flown_m(index, at) / self.total_m) if self.total_m > 0 else 0.0

    def item_before_photo(self, number: int) -> int | None:
        """Return where to go on so that photo ``number`` (from 1) is taken: the way to its lane's first waypoint.

        The index is that of the first item behind the waypoint before it, so that what is set on the way is set again.
        None where the mission has no such photo.
        """
        holder = next((i for i, count in enumerate(self.photos) if count >= number > 0), None)
        if holder is None:
            return None
        lane = _waypoint_before(self.items, holder)
        return _waypoint_before(self.items, lane) + 1

    def settings_at(self, index: int) -> tuple[MissionItem, ...]:
        """Return the speed, gimbal and heading that hold when the item with this index begins.

        A heading holds on the leg before which it is set, and on no other.
        """
        leg = _waypoint_before(self.items, index)
        last = {
            item.command: item
            for place, item in enumerate(self.items[:index])
            if item.command in _SETTINGS and (item.command != Command.CONDITION_YAW or place > leg)
        }
        return tuple(last[command] for command in _SETTINGS if command in last)

    def trigger_at(self, index: int) -> MissionItem:
        """Return the camera trigger that holds when the item begins; off where none is.

        It begins to count anew, so it begins with a photo: else two would be up to twice its step apart.
        """
        steps = [item.params[0] for item in self.items[:index] if item.command == _TRIGGER]
        step_m = steps[-1] if steps else 0.0
        return MissionItem(_TRIGGER, Frame.MISSION, (step_m, 0.0, float(step_m > 0), 0.0))


def route_of(items: tuple[MissionItem, ...], home: LonLat) -> Route:
    """Return the way that a mission's items describe."""
    ends, heights, at = [], [], home
    for item in items:
        if item.command == Command.NAV_RETURN_TO_LAUNCH:
            at = home
        elif _moves(item):
            at = (item.lon_deg, item.lat_deg)
            heights.append(item.altitude_m)
        ends.append(at)
    reached = [0.0]
    for a, b in pairwise([home, *ends]):
        reached.append(reached[-1] + distance_m(a, b))
    total_m = reached[-1] + (distance_m(ends[-1], home) if ends else 0.0)
    lowest_m, highest_m = (min(heights), max(heights)) if heights else (0.0, 0.0)
    return Route(items, tuple(ends), tuple(reached[1:]), _photos(items, reached), total_m, lowest_m, highest_m)


def _moves(item: MissionItem) -> bool:
    placed = item.lat_deg != 0.0 or item.lon_deg != 0.0
    return item.command < MOVES_BELOW and item.frame == Frame.GLOBAL_RELATIVE_ALT and placed


def _photos(items: tuple[MissionItem, ...], reached_m: list[float]) -> tuple[int, ...]:
    """Return how many photos are taken until each item is done; ``reached_m`` has the start in front."""
    counts, taken, step_m, since_m = [], 0, 0.0, 0.0
    for index, item in enumerate(items):
        since_m += reached_m[index + 1] - reached_m[index]
        if step_m > 0:
            more = int((since_m + 1e-6) // step_m)
            taken, since_m = taken + more, since_m - more * step_m
        if item.command == _TRIGGER:
            step_m, since_m = item.params[0], 0.0
            taken += int(step_m > 0 and item.params[2] == 1.0)
        taken += int(item.command in _PHOTOS)
        counts.append(taken)
    return tuple(counts)


def _waypoint_before(items: tuple[MissionItem, ...], index: int) -> int:
    """Return the last item before this one that moves the vehicle; the first item where there is none."""
    return next((i for i in range(index - 1, 0, -1) if items[i].command < MOVES_BELOW), 0)
