"""What a mission's DO items and commands in flight have in common: speed, heading, gimbal, camera, fence."""

from collections.abc import Callable
from math import atan2, degrees, hypot, isfinite, radians

from dronepatrol.model.mission import Command
from dronepatrol.sim.vehicle.camera import Camera
from dronepatrol.sim.vehicle.manoeuvres import Cockpit
from dronepatrol.sim.vehicle.numbers import Cmd, Result

Params = tuple[float, float, float, float, float, float, float]
"""A command's seven parameters; 5 and 6 are latitude and longitude in degrees where it has a place."""

_NAMES: dict[int, str] = {
    Command.CONDITION_YAW: "SetYaw",
    Command.DO_CHANGE_SPEED: "ChangeSpeed",
    Command.DO_MOUNT_CONTROL: "MountControl",
    Command.DO_SET_CAM_TRIGG_DIST: "SetCamTrigDst",
    Command.DO_DIGICAM_CONTROL: "DigiCamCtrl",
    Command.IMAGE_START_CAPTURE: "ImageStartCapture",
    Cmd.DO_GIMBAL_MANAGER_PITCHYAW: "GimbalPitchYaw",
    Cmd.DO_SET_CAM_TRIGG_INTERVAL: "SetCamTrigInt",
    Cmd.IMAGE_STOP_CAPTURE: "ImageStopCapture",
    Cmd.DO_SET_ROI: "SetROI",
    Cmd.DO_SET_ROI_LOCATION: "SetROI",
    Cmd.DO_SET_ROI_NONE: "SetROI",
    Cmd.DO_FENCE_ENABLE: "FenceEnable",
    Cmd.DO_LAND_START: "LandStart",
}


class Actions:
    """Does what a command says, whoever gives it."""

    def __init__(self, cockpit: Cockpit, camera: Camera) -> None:
        self._cockpit, self._camera = cockpit, camera
        self._do: dict[int, Callable[[Params], bool]] = {
            Command.CONDITION_YAW: self._turn,
            Command.DO_CHANGE_SPEED: self._change_speed,
            Command.DO_MOUNT_CONTROL: self._mount,
            Cmd.DO_GIMBAL_MANAGER_PITCHYAW: self._gimbal,
            Command.DO_SET_CAM_TRIGG_DIST: self._trigger_by_distance,
            Cmd.DO_SET_CAM_TRIGG_INTERVAL: self._trigger_by_time,
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

    def name(self, command: int) -> str:
        """Return what ArduCopter calls a command in its texts."""
        return _NAMES[command]

    def do(self, command: int, params: Params) -> Result:
        """Do a command."""
        do = self._do.get(command)
        if do is None:
            return Result.UNSUPPORTED
        return Result.ACCEPTED if do(params) else Result.FAILED

    def _turn(self, p: Params) -> bool:
        """CONDITION_YAW: absolute, or relative with a direction."""
        cockpit = self._cockpit
        turn = p[0] * (-1.0 if p[2] < 0 else 1.0)
        cockpit.fixed_yaw = cockpit.demand.yaw_rad + radians(turn) if p[3] == 1.0 else radians(p[0])
        return True

    def _change_speed(self, p: Params) -> bool:
        if p[0] not in {0.0, 1.0} or p[1] <= 0.0:
            return False
        self._cockpit.cruise_m_s = p[1]
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

    def _trigger_by_time(self, p: Params) -> bool:
        """Parameter 1: milliseconds, 0 for no more."""
        if p[0] > 0.0:
            self._camera.capture(p[0] / 1000)
        else:
            self._camera.stop()
        return True

    def _shoot(self, p: Params) -> bool:
        if p[4] == 1.0:
            self._camera.take()
        return True

    def _start_capture(self, p: Params) -> bool:
        """Parameter 2: seconds between photos, 3: how many, 0 for no end."""
        if p[2] == 1.0 or p[1] <= 0.0:
            self._camera.take()
        else:
            self._camera.capture(p[1], int(p[2]))
        return True

    def _stop_capture(self, _: Params) -> bool:
        self._camera.stop()
        return True

    def _look_at(self, p: Params) -> bool:
        """Point nose and camera at a place once; nowhere given: no longer. A simplification: it is not tracked."""
        if p[4] == 0.0 and p[5] == 0.0:
            self._cockpit.fixed_yaw = None
            return True
        state = self._cockpit.state
        north, east = state.origin.to_metres(p[5], p[4])
        north, east = north - state.north_m, east - state.east_m
        self._cockpit.fixed_yaw = atan2(east, north)
        self._camera.point(degrees(atan2(p[6] - state.height_m, hypot(north, east))))
        return True

    def _enable_fence(self, p: Params) -> bool:
        if p[0] not in {0.0, 1.0} or not isfinite(p[1]):
            return False
        self._cockpit.state.parameters["FENCE_ENABLE"] = p[0]
        return True
