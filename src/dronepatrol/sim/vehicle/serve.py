"""The embedded vehicle: a process that is a MAVLink 2 autopilot on a UDP or TCP port, flying faster than real.

``python -m dronepatrol.sim.vehicle --home 121.02,30.70,5 --factor 50``; the first line on standard output is its
address. In flight, vehicle time runs ``factor`` times as fast as real time; on the ground it runs as real time does.
The link's time-outs (heartbeat, mission protocol, ground station failsafe) are on real time.
"""

import os
import select
import signal
import sys
import time
from types import FrameType

from dronepatrol.sim.vehicle.autopilot import Autopilot
from dronepatrol.sim.vehicle.commands import Commands, home_item
from dronepatrol.sim.vehicle.config import VehicleConfig
from dronepatrol.sim.vehicle.dynamics import STEP_S
from dronepatrol.sim.vehicle.logs import Logs
from dronepatrol.sim.vehicle.mavlink import MavlinkServer, Socket, TcpSocket, UdpSocket
from dronepatrol.sim.vehicle.missions import Missions
from dronepatrol.sim.vehicle.numbers import MissionType, Mode, Severity
from dronepatrol.sim.vehicle.radio import Radio
from dronepatrol.sim.vehicle.telemetry import Telemetry
from dronepatrol.sim.vehicle.truth import write_truth
from dronepatrol.sim.vehicle.watch import GCS_MODES

_HEARTBEAT_S = 1.0
_SLICE_S = 0.01  # real time between two looks at the link
_MOST_DEBT_S = 0.5  # real time that may be caught up with after the machine was busy elsewhere
_TOTALS = {MissionType.MISSION: "MIS_TOTAL", MissionType.FENCE: "FENCE_TOTAL", MissionType.RALLY: "RALLY_TOTAL"}
_CONTINUE_IN_AUTO, _CONTINUE_WITH_PILOT = 2, 16  # bits of FS_OPTIONS
_PILOTED = {Mode.STABILIZE, Mode.LOITER}


class Vehicle:
    """One vehicle and its link."""

    def __init__(self, config: VehicleConfig) -> None:
        self._config = config
        self._autopilot = Autopilot(config)
        state = self._autopilot.state
        self._missions = Missions(
            self._autopilot.outbox,
            home=lambda: home_item(self._autopilot),
            running=lambda: state.armed and state.mode is Mode.AUTO and state.flying,
            stored=self._stored,
        )
        self._telemetry = Telemetry(self._autopilot, self._missions)
        self._logs = Logs(state, self._autopilot.outbox, self._autopilot.camera.photos)
        tcp = config.transport == "tcp"
        address = config.host, config.port
        self._socket: Socket = TcpSocket(*address) if tcp else UdpSocket(*address)
        server = MavlinkServer(self._socket, config.system_id, stream=tcp)
        self._radio = Radio(server, state.parameters, self._autopilot.mishaps.dice)
        names = {server.number(name): name for name in self._telemetry.names}
        self._commands = Commands(self._autopilot, self._missions, self._telemetry, self._logs, names.get)
        self._written = 0
        self._heartbeat_s = 0.0
        self._shown: tuple[Mode, bool] | None = None

    @property
    def url(self) -> str:
        """Where a ground station reaches the vehicle."""
        return self._socket.url

    def _stored(self, kind: MissionType) -> None:
        """Let an upload take effect: totals change, a mission is loaded."""
        items = self._missions.items(kind)
        if kind in _TOTALS:
            self._autopilot.state.parameters[_TOTALS[kind]] = len(items)
        if kind is MissionType.MISSION:
            self._autopilot.auto.load(items)
        if kind is MissionType.FENCE:
            self._autopilot.load_fence(items)
        if kind is MissionType.RALLY:
            self._autopilot.load_rally(items)

    def run(self, stopping: "Stop") -> None:
        """Be a vehicle until told to stop; the truth of the photos is kept whatever happens."""
        stdin = sys.stdin.fileno()
        tied = [stdin] if self._config.tied else []
        debt, last = 0.0, time.monotonic()
        try:
            while not stopping.asked:
                wait_s = 0.0 if debt > _SLICE_S else _SLICE_S if self._autopilot.state.flying else STEP_S
                ready, _, _ = select.select(self._socket.filenos() + tied, [], [], wait_s)
                if stdin in ready and not os.read(stdin, 1024):
                    break
                now = time.monotonic()
                self._autopilot.mishaps.real_s = now
                for message in self._radio.receive(now):
                    self._commands.take(message, now)
                debt = min(debt + now - last, _MOST_DEBT_S)
                last = now
                debt = self._pass_time(debt, now)
                self._keep_link(now)
                self._logs.tick()
                self._flush(now)
        finally:
            self._keep_truth()
            self._socket.close()

    def _pass_time(self, debt_s: float, now_s: float) -> float:
        """Let vehicle time catch up with real time for at most a slice; return the real time still owed."""
        autopilot, telemetry = self._autopilot, self._telemetry
        state = autopilot.state
        flying = state.flying
        factor = self._config.factor if flying else 1.0
        step_s = STEP_S / factor
        until = now_s + _SLICE_S
        while debt_s >= step_s:
            autopilot.step()
            self._logs.step()
            debt_s -= step_s
            if state.time_s >= telemetry.next_s and self._socket.has_peer:
                telemetry.stream(factor)
            if state.flying is not flying:
                self._keep_truth()
                return 0.0
            if state.steps % 16 == 0 and time.monotonic() > until:
                break
        return debt_s

    def _keep_link(self, now_s: float) -> None:
        state = self._autopilot.state
        self._missions.tick(now_s)
        shown = state.mode, state.armed
        if now_s - self._heartbeat_s >= _HEARTBEAT_S or shown != self._shown:
            self._heartbeat_s, self._shown = now_s, shown
            self._telemetry.tell("heartbeat")
        heard = self._commands.ground_station_heard_s
        values = state.parameters
        mode = GCS_MODES.get(int(values["FS_GCS_ENABLE"]))
        lost = heard is not None and now_s - heard > values["FS_GCS_TIMEOUT"]
        if lost and mode is not None and state.armed:
            self._commands.ground_station_heard_s = None
            options = int(values["FS_OPTIONS"])
            if state.mode is Mode.AUTO and options & _CONTINUE_IN_AUTO:
                self._autopilot.outbox.text(Severity.WARNING, "GCS Failsafe - Continuing Auto Mode")
            elif state.mode in _PILOTED and options & _CONTINUE_WITH_PILOT:
                self._autopilot.outbox.text(Severity.WARNING, "GCS Failsafe - Continuing Pilot Control")
            else:
                self._autopilot.fail_safe("GCS Failsafe", mode)

    def _flush(self, now_s: float) -> None:
        self._radio.send(self._autopilot.outbox.take(), now_s)

    def _keep_truth(self) -> None:
        photos = self._autopilot.camera.photos
        if self._config.truth is None or (len(photos) == self._written and (photos or not self._autopilot.flights)):
            return
        write_truth(self._config.truth, photos, self._config)
        self._written = len(photos)


class Stop:
    """Whether SIGTERM or Ctrl-C has asked the process to end."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, _: int, __: FrameType | None) -> None:
        self.asked = True


def serve(config: VehicleConfig) -> None:
    """Be a vehicle until SIGTERM, Ctrl-C or, where tied, the end of standard input.

    The first line on standard output is the address, ``udp:HOST:PORT`` or ``tcp:HOST:PORT``.

    Raises
    ------
    LinkError
        When the port is in use.
    StorageError
        When the truth cannot be written.
    """
    stop = Stop()
    vehicle = Vehicle(config)
    sys.stdout.write(f"{vehicle.url}\n")
    sys.stdout.flush()
    vehicle.run(stop)
