"""From mission items to what is flown: places, legs, curves and manoeuvres, by ArduCopter's rules.

Facts from its documentation and source: an item without latitude and longitude is where the last destination was, one
without height keeps the height; a corner is joined only where the next item is a waypoint, a spline or a loiter and the
item has no delay; turns are counted on the circle, which is begun at its edge.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, hypot, inf, sin

from dronepatrol.model.mission import Command, Frame, MissionItem
from dronepatrol.sim.vehicle.cockpit import Cockpit
from dronepatrol.sim.vehicle.homing import Land, LandAt, Return
from dronepatrol.sim.vehicle.leg import NOWHERE, Leg, Vector
from dronepatrol.sim.vehicle.manoeuvres import Circle, Follow, Hold, Manoeuvre, TakeOff
from dronepatrol.sim.vehicle.numbers import Cmd
from dronepatrol.sim.vehicle.spline import Curve
from dronepatrol.sim.vehicle.track import Way

_JOINED = {Command.NAV_WAYPOINT, Cmd.NAV_LOITER_UNLIMITED, Cmd.NAV_LOITER_TIME}
_ABOVE_SEA = {Frame.GLOBAL, 5}
TERRAIN_FRAMES = {10, 11}
_DAY_S = 86400.0
_RADIUS_STEP_M, _LARGEST_SMALL_RADIUS_M = 10.0, 255.0


@dataclass(slots=True)
class Step:
    """The navigation item being flown; ``then`` begins what follows the manoeuvre."""

    index: int
    manoeuvre: Manoeuvre
    then: Callable[[], Manoeuvre] | None = None


class Navigation:
    """Makes manoeuvres of items; ``items[0]`` is home. ``destination`` is where the last item that has one led to."""

    def __init__(self, cockpit: Cockpit) -> None:
        self._cockpit = cockpit
        self.items: tuple[MissionItem, ...] = ()
        self.destination: Vector | None = None
        self.highest_return_m = inf

    def place(self, index: int, default: Vector | None = None) -> Vector:
        """Return where an item is; what it does not give is the default's, or the last destination's."""
        item, state = self.items[index], self._cockpit.state
        default = default or self.destination or self._cockpit.here()
        ground = 0.0 if item.frame in _ABOVE_SEA else state.home.amsl_m
        up = item.altitude_m + ground - state.origin.amsl_m if item.altitude_m != 0.0 else default[2]
        if item.lat_deg == 0.0 and item.lon_deg == 0.0:
            return default[0], default[1], up
        return (*state.origin.to_metres(item.lon_deg, item.lat_deg), up)

    def fly(self, index: int, following: tuple[int | None, int | None], joined: Follow | None) -> Step:
        """Begin an item; ``following`` are the next two that are flown, ``joined`` the track that leads here."""
        command = self.items[index].command
        if command in _JOINED or command == Cmd.NAV_SPLINE_WAYPOINT:
            return self._waypoint(index, following, joined)
        if command == Cmd.NAV_LOITER_TURNS:
            return self._turns(index)
        if command == Cmd.NAV_LOITER_TO_ALT:
            return self._change_height(index)
        return Step(index, self._alone(self.items[index]))

    def _alone(self, item: MissionItem) -> Manoeuvre:
        """Return the manoeuvre of an item that neither leads to a place nor joins another: wait, come down, go up."""
        cockpit = self._cockpit
        if item.command == Command.NAV_TAKEOFF:
            takeoff = TakeOff(cockpit, max(self._takeoff_up_m(item), cockpit.state.up_m))
            self.destination = takeoff.target
            return takeoff
        if item.command == Command.NAV_RETURN_TO_LAUNCH:
            return Return(cockpit, self.highest_return_m)
        if item.command == Command.NAV_LAND:
            return self._land(item)
        return Hold(cockpit, cockpit.stopping_point(), self._delay_s(item))

    def _takeoff_up_m(self, item: MissionItem) -> float:
        state = self._cockpit.state
        return item.altitude_m + (0.0 if item.frame in _ABOVE_SEA else state.home.amsl_m) - state.origin.amsl_m

    def _land(self, item: MissionItem) -> Manoeuvre:
        cockpit = self._cockpit
        if item.lat_deg == 0.0 and item.lon_deg == 0.0:
            return Land(cockpit, cockpit.stopping_point())
        start = self.destination or cockpit.stopping_point()
        n, e = cockpit.state.origin.to_metres(item.lon_deg, item.lat_deg)
        return LandAt(cockpit, start, (n, e, cockpit.here()[2]))

    def _delay_s(self, item: MissionItem) -> float:
        """Return how long NAV_DELAY waits: seconds, or until the next such time of day in UTC."""
        if item.command != Cmd.NAV_DELAY:
            return 0.0
        if item.params[0] > 0.0:
            return item.params[0]
        now = self._cockpit.state.unix_us() / 1e6 % _DAY_S
        hour, minute, second = (max(part, 0.0) for part in item.params[1:])
        return float((hour * 3600 + minute * 60 + second - now) % _DAY_S)

    def _waypoint(self, index: int, following: tuple[int | None, int | None], joined: Follow | None) -> Step:
        cockpit = self._cockpit
        if joined is not None:
            this = joined.track.upcoming
            joined.track.go_on(self._way_after(index, this, following))
            way = joined
        else:
            start = self.destination or cockpit.stopping_point()
            track = cockpit.track()
            this = self._way(index, start, None, following)
            track.begin(this, self._way_after(index, this, following))
            way = Follow(cockpit, track, cockpit.cruise_m_s)
        place = self.place(index)
        self.destination = place
        return Step(index, way, self._after(self.items[index], place))

    def _after(self, item: MissionItem, place: Vector) -> Callable[[], Manoeuvre] | None:
        """Return what follows the arrival: a wait, or staying for good."""
        seconds = inf if item.command == Cmd.NAV_LOITER_UNLIMITED else item.params[0]
        return (lambda: Hold(self._cockpit, place, seconds)) if seconds > 0.0 else None

    def _way(self, index: int, start: Vector, last: Way | None, following: tuple[int | None, int | None]) -> Way:
        """Return the leg or curve to an item; ``last`` is what leads to its start without a stop."""
        cockpit = self._cockpit
        end, limits = self.place(index, start), cockpit.limits(cockpit.cruise_m_s)
        if self.items[index].command != Cmd.NAV_SPLINE_WAYPOINT:
            return Leg(start, end, limits, start_m_s=last.exit_m_s if isinstance(last, Curve) else 0.0)
        leaving, entry = NOWHERE, 0.0
        if last is not None:
            leaving = last.arriving if isinstance(last, Curve) else _between(last.start, last.end)
            entry = last.exit_m_s if isinstance(last, Curve) else cockpit.cruise_m_s
        arriving, after = NOWHERE, following[0]
        if after is not None and self.items[index].params[0] <= 0.0:
            further = self.place(after, end)
            curved = self.items[after].command == Cmd.NAV_SPLINE_WAYPOINT
            arriving = _between(start if curved else end, further)
        return Curve(start, end, leaving, arriving, limits, start_m_s=entry)

    def _way_after(self, index: int, this: Way, following: tuple[int | None, int | None]) -> Way | None:
        """Return what follows an item without a stop, or None; a straight leg before a curve then ends moving."""
        item, after = self.items[index], following[0]
        joins = item.params[0] <= 0.0 and item.command in {Command.NAV_WAYPOINT, Cmd.NAV_SPLINE_WAYPOINT}
        if not joins or after is None or self.items[after].frame in TERRAIN_FRAMES:
            return None
        if self.items[after].command not in {*_JOINED, Cmd.NAV_SPLINE_WAYPOINT}:
            return None
        upcoming = self._way(after, this.end, this, (following[1], None))
        if isinstance(upcoming, Curve) and isinstance(this, Leg):
            this.end_at(upcoming.entry_m_s)
            upcoming.enter_at(this.exit_m_s)
        return upcoming

    def _turns(self, index: int) -> Step:
        """Fly to the edge of the circle and round it: parameter 1 turns, 3 the radius, negative for the left."""
        item, cockpit = self.items[index], self._cockpit
        turns, _, radius, _ = item.params
        size = abs(radius) or cockpit.value("CIRCLE_RADIUS")
        if size > _LARGEST_SMALL_RADIUS_M:  # ArduPilot keeps large radii in tens of metres
            size = size // _RADIUS_STEP_M * _RADIUS_STEP_M
        n, e, up = centre = self.place(index)
        start = self.destination or cockpit.stopping_point()
        away = hypot(start[0] - n, start[1] - e)
        yaw = cockpit.state.body.yaw
        outward = ((start[0] - n) / away, (start[1] - e) / away) if away > 1.0 else (-cos(yaw), -sin(yaw))
        edge = n + outward[0] * size, e + outward[1] * size, up
        way = Follow(cockpit, cockpit.straight(start, edge, cockpit.cruise_m_s), cockpit.cruise_m_s)
        self.destination = None
        return Step(index, way, lambda: Circle(cockpit, centre, size, turns, clockwise=radius >= 0.0))

    def _change_height(self, index: int) -> Step:
        """Fly to the place at the present height, then climb or sink there."""
        cockpit = self._cockpit
        start, end = self.destination or cockpit.stopping_point(), self.place(index)
        over = end[0], end[1], start[2]
        way = Follow(cockpit, cockpit.straight(start, over, cockpit.cruise_m_s), cockpit.cruise_m_s)
        self.destination = end
        speed = cockpit.cruise_m_s
        return Step(index, way, lambda: Follow(cockpit, cockpit.straight(over, end, speed), speed))


def _between(start: Vector, end: Vector) -> Vector:
    return end[0] - start[0], end[1] - start[1], end[2] - start[2]
