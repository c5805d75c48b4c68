"""What a mission's DO items and commands in flight have in common: speed, heading, gimbal, camera, fence."""

from collections.abc import Callable
from math import inf, isfinite, radians

from dronepatrol.model.mission import Command
from dronepatrol.sim.vehicle.camera import Camera
from dronepatrol.sim.vehicle.cockpit import Cockpit
from dronepatrol.sim.vehicle.numbers import Cmd, Result
from dronepatrol.sim.vehicle.state import Home

_HIGHEST_HOME_M = 9000.0
Params = tuple[float, float, float, float, float, float, float]
"""A command's seven parameters; 5 and 6 are latitude and longitude in degrees where it has a place."""


class Actions:
    """Does what a command says, whoever gives it."""

    def __init__(self, cockpit: Cockpit, camera: Camera, set_home: Callable[[Home], None]) -> None:
        self._cockpit, self._camera, self._move_home = cockpit, camera, set_home
        self._do: dict[int, Callable[[Params], bool]] = {
            Command.CONDITION_YAW: self._turn,
            Command.DO_CHANGE_SPEED: self._change_speed,
            Cmd.DO_SET_HOME: self._set_home,
            Command.DO_MOUNT_CONTROL: self._mount,
            Cmd.DO_GIMBAL_MANAGER_PITCHYAW: self._gimbal,
            Command.DO_SET_CAM_TRIGG_DIST: self._trigger_by_distance,
            Command.DO_DIGICAM_CONTROL: self._shoot,
            Command.IMAGE_START_CAPTURE: self._start_capture,
            Cmd.IMAGE_STOP_CAPTURE: self._stop_capture,
            Cmd.DO_SET_ROI: self._look_at,
            Cmd.DO_SET_ROI_LOCATION: self._look_at,
            Cmd.DO_SET_ROI_NONE: self._look_at,
            Cmd.DO_FENCE_ENABLE: self._enable_fence,
            Cmd.DO_LAND_START: lambda _: True,
        }

    @property
    def commands(self) -> frozenset[int]:
        """The commands that can be done."""
        return frozenset(self._do)

    def do(self, command: int, params: Params) -> Result:
        """Do a command."""
        do = self._do.get(command)
        if do is None:
            return Result.UNSUPPORTED
        return Result.ACCEPTED if do(params) else Result.FAILED

    def _turn(self, p: Params) -> bool:
        """CONDITION_YAW: degrees, degrees per second (0: as fast as it may), direction, 1 for relative."""
        cockpit, now = self._cockpit, self._cockpit.demand.yaw_rad
        turn = radians(p[0]) * (-1.0 if p[2] < 0 else 1.0)
        cockpit.looking_at = None
        cockpit.fixed_yaw = now + turn if p[3] == 1.0 else radians(p[0])
        cockpit.yaw_rate_rad_s = radians(p[1]) if p[1] > 0.0 else inf
        return True

    def _change_speed(self, p: Params) -> bool:
        """Parameter 1: what speed (0, 1 level; 2 climbing; 3 sinking), 2: m/s."""
        cockpit = self._cockpit
        if p[1] <= 0.0 or p[0] not in {0.0, 1.0, 2.0, 3.0}:
            return False
        if p[0] == 2.0:
            cockpit.up_m_s = p[1]
        elif p[0] == 3.0:
            cockpit.down_m_s = p[1]
        else:
            cockpit.cruise_m_s = p[1]
        return True

    def _set_home(self, p: Params) -> bool:
        """Parameter 1: 1 for here, else the place given."""
        state = self._cockpit.state
        if not state.has_position:
            return False
        if p[0] == 1:
            self._move_home(Home(state.north_m, state.east_m, state.amsl_m))
            return True
        if not abs(p[4]) <= 90 or not abs(p[5]) <= 180 or not abs(p[6]) <= _HIGHEST_HOME_M:
            return False
        self._move_home(Home(*state.origin.to_metres(p[5], p[4]), p[6]))
        return True

    def _mount(self, p: Params) -> bool:
        self._camera.point(p[0])
        self._cockpit.fixed_yaw = radians(p[2])  # the mount cannot turn: the vehicle does, up to the next waypoint
        return True

    def _gimbal(self, p: Params) -> bool:
        self._camera.point(p[0])
        return True

    def _trigger_by_distance(self, p: Params) -> bool:
        self._camera.trigger_every(p[0], at_once=p[2] == 1.0)
        return True

    def _shoot(self, p: Params) -> bool:
        if p[4] == 1.0:
            self._camera.take()
        return True

    def _start_capture(self, p: Params) -> bool:
        """Parameter 2: seconds between photos, 3: how many, 0 for no end."""
        if p[2] == 1.0:
            self._camera.take()
        elif p[1] <= 0.0 or p[2] < 0.0:
            return False
        else:
            self._camera.capture(p[1], int(p[2]))
        return True

    def _stop_capture(self, _: Params) -> bool:
        self._camera.stop_capture()
        return True

    def _look_at(self, p: Params) -> bool:
        """Keep nose and camera on a place; nowhere given: no longer."""
        if p[4] == 0.0 and p[5] == 0.0:
            self._cockpit.looking_at = None
            self._camera.look_at(None)
            return True
        state = self._cockpit.state
        place = state.origin.to_metres(p[5], p[4])
        self._cockpit.looking_at = place
        self._camera.look_at((*place, p[6] + state.home.amsl_m - state.origin.amsl_m))
        return True

    def _enable_fence(self, p: Params) -> bool:
        if p[0] not in {0.0, 1.0} or not isfinite(p[1]):
            return False
        self._cockpit.state.parameters["FENCE_ENABLE"] = p[0]
        return True
