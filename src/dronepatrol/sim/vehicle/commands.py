"""What the vehicle hears: every message is taken by one method, every command is answered."""

from collections.abc import Callable
from math import isfinite
from typing import Any

from dronepatrol.model.mission import Command, Frame, MissionItem
from dronepatrol.sim.vehicle.actions import Params
from dronepatrol.sim.vehicle.autopilot import Autopilot
from dronepatrol.sim.vehicle.logs import Logs
from dronepatrol.sim.vehicle.missions import Missions
from dronepatrol.sim.vehicle.numbers import FORCE, Cmd, Mode, Result
from dronepatrol.sim.vehicle.telemetry import Telemetry

_UNASKED = 65535  # index of a parameter that is told because it was set
_REBOOT_ARMED = 20190226.0  # parameter 6 of a restart that is meant in flight too
_AMSL, _ABOVE_HOME = {0, 5}, {3, 6}  # MAV_FRAME
_NO_ALTITUDE, _NO_PLACE = 4, 1  # bits of POSITION_TARGET_TYPEMASK


class Commands:
    """Takes messages from ground stations.

    ``message_name`` gives the name of a message by its number, or None.
    """

    def __init__(
        self,
        autopilot: Autopilot,
        missions: Missions,
        telemetry: Telemetry,
        logs: Logs,
        message_name: Callable[[int], str | None],
    ) -> None:
        self._autopilot, self._missions, self._telemetry, self._logs = autopilot, missions, telemetry, logs
        self._message_name = message_name
        self._put = autopilot.outbox.put
        self.ground_station_heard_s: float | None = None
        self._take = self._message_handlers()
        self._do = self._command_handlers()

    def _message_handlers(self) -> dict[str, Callable[[Any, float], None]]:
        missions = self._missions
        return {
            "HEARTBEAT": self._heartbeat,
            "COMMAND_LONG": self._command_long,
            "COMMAND_INT": self._command_int,
            "SET_MODE": self._set_mode,
            "PARAM_REQUEST_LIST": self._param_request_list,
            "PARAM_REQUEST_READ": self._param_request_read,
            "PARAM_SET": self._param_set,
            "MISSION_COUNT": lambda m, now: missions.count(_peer(m), m.mission_type, m.count, now),
            "MISSION_WRITE_PARTIAL_LIST": self._write_partial,
            "MISSION_ITEM_INT": self._mission_item_int,
            "MISSION_ITEM": lambda m, now: self._mission_item(m, m.x, m.y, now),
            "MISSION_REQUEST_LIST": lambda m, _: missions.request_list(_peer(m), m.mission_type),
            "MISSION_REQUEST_INT": lambda m, _: missions.request(_peer(m), m.mission_type, m.seq),
            "MISSION_REQUEST": lambda m, _: missions.request(_peer(m), m.mission_type, m.seq),
            "MISSION_CLEAR_ALL": lambda m, _: missions.clear(_peer(m), m.mission_type),
            "MISSION_SET_CURRENT": self._mission_set_current,
            "SET_POSITION_TARGET_GLOBAL_INT": self._set_position_target,
            "TIMESYNC": self._timesync,
            "LOG_REQUEST_LIST": lambda m, _: self._logs.tell_list(m.start, m.end),
            "LOG_REQUEST_DATA": lambda m, _: self._logs.send(m.id, m.ofs, m.count),
            "LOG_REQUEST_END": lambda _, __: self._logs.stop(),
            "LOG_ERASE": lambda _, __: self._logs.erase(),
        }

    def _command_handlers(self) -> dict[int, Callable[[Params], Result]]:
        autopilot = self._autopilot
        return {
            Cmd.COMPONENT_ARM_DISARM: self._arm_disarm,
            Cmd.DO_SET_MODE: lambda p: autopilot.set_mode(int(p[1])),
            Cmd.MISSION_START: lambda _: autopilot.start_mission(),
            Command.NAV_TAKEOFF: lambda p: autopilot.take_off(p[6]),
            Command.NAV_RETURN_TO_LAUNCH: lambda _: autopilot.set_mode(Mode.RTL),
            Command.NAV_LAND: lambda _: autopilot.set_mode(Mode.LAND),
            Cmd.DO_SET_MISSION_CURRENT: lambda p: self._set_current(int(p[0])),
            Cmd.DO_PAUSE_CONTINUE: self._pause_continue,
            Cmd.GET_HOME_POSITION: lambda _: self._tell("home_position"),
            Cmd.REQUEST_AUTOPILOT_CAPABILITIES: lambda _: self._tell("autopilot_version"),
            Cmd.REQUEST_MESSAGE: lambda p: self._tell(self._message_name(int(p[0]))),
            Cmd.SET_MESSAGE_INTERVAL: self._set_interval,
            Cmd.GET_MESSAGE_INTERVAL: self._tell_interval,
            Cmd.DO_REPOSITION: lambda p: self._go_to(p[4], p[5], p[6], Frame.GLOBAL_RELATIVE_ALT),
            Cmd.RUN_PREARM_CHECKS: self._run_checks,
            Cmd.PREFLIGHT_REBOOT_SHUTDOWN: self._reboot,
        }

    def take(self, message: Any, now_s: float) -> None:
        """Take one message; one for another vehicle is left alone. ``now_s`` is the link's time."""
        ours = {0, self._autopilot.state.config.system_id}
        handler = self._take.get(message.get_type())
        if handler is not None and getattr(message, "target_system", 0) in ours:
            handler(message, now_s)

    # messages

    def _heartbeat(self, message: Any, now_s: float) -> None:
        if message.get_srcSystem() == int(self._autopilot.state.parameters["MAV_GCS_SYSID"]):
            self.ground_station_heard_s = now_s

    def _command_long(self, message: Any, _: float) -> None:
        self._command(message, tuple(getattr(message, f"param{i}") for i in range(1, 8)))

    def _command_int(self, message: Any, _: float) -> None:
        if message.command == Cmd.DO_REPOSITION:  # the only one whose height has a frame
            return self._acknowledge(
                message, self._go_to(message.x / 1e7, message.y / 1e7, message.z, message.frame, change=message.param2)
            )
        first = tuple(getattr(message, f"param{i}") for i in range(1, 5))
        units = 1.0 if message.frame == Frame.MISSION else 1e7
        return self._command(message, (*first, message.x / units, message.y / units, message.z))

    def _command(self, message: Any, params: tuple[Any, ...]) -> None:
        do = self._do.get(message.command)
        clean: Any = tuple(value if isfinite(value) else 0.0 for value in params)
        result = self._autopilot.actions.do(message.command, clean) if do is None else do(clean)
        self._acknowledge(message, result)

    def _acknowledge(self, message: Any, result: Result) -> None:
        system, component = _peer(message)
        self._put(
            "command_ack",
            command=message.command,
            result=int(result),
            progress=0,
            result_param2=0,
            target_system=system,
            target_component=component,
        )

    def _set_mode(self, message: Any, _: float) -> None:
        self._autopilot.set_mode(message.custom_mode)

    def _mission_item_int(self, message: Any, now_s: float) -> None:
        units = 1.0 if message.frame == Frame.MISSION else 1e7  # x and y without a position are plain numbers
        self._mission_item(message, message.x / units, message.y / units, now_s)

    def _mission_item(self, message: Any, lat_deg: float, lon_deg: float, now_s: float) -> None:
        params = message.param1, message.param2, message.param3, message.param4
        item = MissionItem(
            message.command, message.frame, params, lat_deg, lon_deg, message.z, bool(message.autocontinue)
        )
        self._missions.item(_peer(message), message.mission_type, message.seq, item, now_s)

    def _write_partial(self, message: Any, now_s: float) -> None:
        kind = message.mission_type
        self._missions.write_partial(_peer(message), kind, message.start_index, message.end_index, now_s)

    def _set_position_target(self, message: Any, _: float) -> None:
        if not message.type_mask & (_NO_PLACE | _NO_ALTITUDE):
            self._go_to(message.lat_int / 1e7, message.lon_int / 1e7, message.alt, message.coordinate_frame)

    def _timesync(self, message: Any, _: float) -> None:
        if message.tc1 == 0:
            self._put("timesync", tc1=self._autopilot.state.boot_ms * 1_000_000, ts1=message.ts1)

    def _mission_set_current(self, message: Any, _: float) -> None:
        self._set_current(message.seq)

    def _param_request_list(self, _: Any, __: float) -> None:
        for name in self._autopilot.state.parameters:
            self._tell_parameter(name)

    def _param_request_read(self, message: Any, _: float) -> None:
        parameters = self._autopilot.state.parameters
        name = parameters.name_at(message.param_index) if message.param_index >= 0 else message.param_id
        if name in parameters:
            self._tell_parameter(str(name))

    def _param_set(self, message: Any, _: float) -> None:
        parameters = self._autopilot.state.parameters
        if message.param_id in parameters and isfinite(message.param_value):
            parameters[message.param_id] = message.param_value
            self._autopilot.parameters_changed()
            self._telemetry.streams_changed()
            self._tell_parameter(message.param_id, _UNASKED)

    def _tell_parameter(self, name: str, index: int | None = None) -> None:
        parameters = self._autopilot.state.parameters
        self._put(
            "param_value",
            param_id=name.encode(),
            param_value=parameters[name],
            param_type=parameters.mav_type(name),
            param_count=len(parameters),
            param_index=parameters.index(name) if index is None else index,
        )

    # commands

    def _arm_disarm(self, params: Params) -> Result:
        force = params[1] == FORCE
        return self._autopilot.arm(force=force) if params[0] == 1 else self._autopilot.disarm(force=force)

    def _set_current(self, sequence: int) -> Result:
        if not self._autopilot.auto.set_current(sequence):
            return Result.FAILED
        return self._tell("mission_current")

    def _pause_continue(self, params: Params) -> Result:
        return self._autopilot.set_mode(Mode.LOITER) if params[0] == 0 else self._autopilot.start_mission()

    def _tell(self, name: str | None) -> Result:
        if name not in self._telemetry.names:
            return Result.FAILED
        return Result.ACCEPTED if self._telemetry.tell(str(name)) else Result.FAILED

    def _set_interval(self, params: Params) -> Result:
        name = self._message_name(int(params[0]))
        if name not in self._telemetry.names:
            return Result.FAILED
        self._telemetry.set_interval(str(name), params[1])
        return Result.ACCEPTED

    def _tell_interval(self, params: Params) -> Result:
        number = int(params[0])
        name = self._message_name(number)
        interval = self._telemetry.interval_s(name) if name is not None else 0.0
        self._put("message_interval", message_id=number, interval_us=round(interval * 1e6) if interval else -1)
        return Result.ACCEPTED

    def _go_to(self, lat_deg: float, lon_deg: float, height_m: float, frame: int, *, change: float = 0.0) -> Result:
        """Fly to a place in GUIDED; ``change`` 1 asks to change to GUIDED first."""
        state = self._autopilot.state
        if frame not in _AMSL | _ABOVE_HOME or not (abs(lat_deg) <= 90 and abs(lon_deg) <= 180):
            return Result.DENIED
        if change == 1.0 and self._autopilot.set_mode(Mode.GUIDED) is not Result.ACCEPTED:
            return Result.FAILED
        zero_amsl_m = 0.0 if frame in _AMSL else state.home.amsl_m
        up = height_m + zero_amsl_m - state.origin.amsl_m
        return self._autopilot.go_to((*state.origin.to_metres(lon_deg, lat_deg), up))

    def _run_checks(self, _: Params) -> Result:
        self._autopilot.say_pre_arm()
        return Result.ACCEPTED

    def _reboot(self, params: Params) -> Result:
        if params[0] != 1.0 or (self._autopilot.state.armed and params[5] != _REBOOT_ARMED):
            return Result.DENIED
        self._autopilot.reboot()
        return Result.ACCEPTED


def home_item(autopilot: Autopilot) -> MissionItem:
    """Return item 0 of a mission as ArduPilot gives it: home."""
    home, state = autopilot.state.home, autopilot.state
    lon, lat = state.origin.to_lonlat(home.north_m, home.east_m)
    return MissionItem(Command.NAV_WAYPOINT, 0, lat_deg=lat, lon_deg=lon, altitude_m=round(home.amsl_m, 2))


def _peer(message: Any) -> tuple[int, int]:
    return message.get_srcSystem(), message.get_srcComponent()
