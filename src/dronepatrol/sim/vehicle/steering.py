"""What is being flown now: one manoeuvre of a mode, or the mission."""

from math import hypot, inf, isfinite

from dronepatrol.sim.vehicle.auto import Auto
from dronepatrol.sim.vehicle.cockpit import Cockpit
from dronepatrol.sim.vehicle.fence import Breach, Fence
from dronepatrol.sim.vehicle.homing import Land, Return
from dronepatrol.sim.vehicle.leg import Vector
from dronepatrol.sim.vehicle.manoeuvres import Follow, Hold, Manoeuvre, TakeOff
from dronepatrol.sim.vehicle.numbers import Landed, Mode


class Steering:
    """Chooses the manoeuvre and steps it."""

    def __init__(self, cockpit: Cockpit, auto: Auto, fence: Fence) -> None:
        self._cockpit, self._auto, self._fence = cockpit, auto, fence
        self._manoeuvre: Manoeuvre | None = None
        self.in_auto = False

    @property
    def manoeuvre(self) -> Manoeuvre | None:
        """What is being done."""
        return self._auto.manoeuvre if self.in_auto else self._manoeuvre

    @property
    def target(self) -> Vector | None:
        """The place being flown to, or None."""
        manoeuvre = self.manoeuvre
        return manoeuvre.target if manoeuvre is not None else None

    @property
    def _highest_return_m(self) -> float:
        """The height above home that a climb before the return must not exceed."""
        ceiling = self._fence.enabled and bool(self._fence.present & Breach.ALT_MAX)
        values = self._cockpit.state.parameters
        return values["FENCE_ALT_MAX"] - values["FENCE_MARGIN"] if ceiling else inf

    def enter(self, mode: Mode) -> None:
        """Begin what a mode does in the air."""
        cockpit = self._cockpit
        cockpit.look_freely()
        cockpit.looking_at = None
        if cockpit.state.landed is Landed.LANDING:
            cockpit.state.landed = Landed.IN_AIR
        if mode is Mode.AUTO:
            self.fly_mission()
        elif mode is Mode.RTL:
            self._manoeuvre = Return(cockpit, self._highest_return_m)
        elif mode is Mode.LAND:
            self._manoeuvre = Land(cockpit, cockpit.stopping_point())
        else:  # GUIDED, LOITER and BRAKE hold; STABILIZE without a pilot does so too
            self._manoeuvre = Hold(cockpit, cockpit.stopping_point())

    def fly_mission(self) -> bool:
        """Begin the mission, or go on where it was paused; return whether there is one."""
        self._auto.navigation.highest_return_m = self._highest_return_m
        self.in_auto = self._auto.start()
        return self.in_auto

    def leave_mission(self) -> None:
        """Leave the mission where it is."""
        self._auto.pause()
        self.in_auto = False

    def forget(self) -> None:
        """Do nothing any more; the mission starts at its beginning."""
        self._auto.reset()
        self.in_auto, self._manoeuvre = False, None

    def land_here(self) -> None:
        """Sink where the vehicle is."""
        self._manoeuvre = Land(self._cockpit, self._cockpit.here())

    def take_off(self, height_m: float) -> None:
        """Climb to a height above home."""
        state = self._cockpit.state
        self._manoeuvre = TakeOff(self._cockpit, height_m + state.home.amsl_m - state.origin.amsl_m)

    def go_to(self, place: Vector) -> bool:
        """Fly straight to a place, unless it is outside the fence; return whether that is begun."""
        if not all(isfinite(part) for part in place) or self._is_outside(place):
            return False
        cockpit = self._cockpit
        track = cockpit.straight(cockpit.stopping_point(), place, cockpit.cruise_m_s)
        self._manoeuvre = Follow(cockpit, track, cockpit.cruise_m_s)
        return True

    def _is_outside(self, place: Vector) -> bool:
        state = self._cockpit.state
        from_home = hypot(place[0] - state.home.north_m, place[1] - state.home.east_m)
        height = place[2] + state.origin.amsl_m - state.home.amsl_m
        return self._fence.enabled and bool(self._fence.outside(place[:2], from_home, height))

    def step(self) -> bool:
        """Step what is being done; return whether it is over, which on the ground ends the flight."""
        if not self.in_auto:
            return self._manoeuvre is not None and self._manoeuvre.step() and not isinstance(self._manoeuvre, TakeOff)
        done = self._auto.step()
        if done and not self._cockpit.state.body.on_ground:  # a mission that ends in the air is held where it ends
            self.in_auto = False
            self._manoeuvre = Hold(self._cockpit, self._cockpit.stopping_point())
            return False
        return done
