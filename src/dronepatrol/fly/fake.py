"""A vehicle that is no vehicle: an in-memory stand-in for tests of whatever uses a link.

It obeys at once, flies from item to item in steps of its own clock and has neither dynamics nor noise. The embedded
vehicle (``dronepatrol.sim``) is the one to fly missions on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from dronepatrol.errors import LinkError
from dronepatrol.fly.link import (
    Answer,
    Arm,
    BatteryReport,
    CameraEvent,
    Capability,
    ClockReport,
    Disarm,
    Do,
    EstimatorReport,
    FenceReport,
    Firmware,
    FixReport,
    GoToItem,
    Heartbeat,
    HomeReport,
    IdentityReport,
    LandedReport,
    MissionProgress,
    Mode,
    ParameterReport,
    PlanKind,
    PositionReport,
    ReadParameters,
    ReadyReport,
    SetMode,
    SetParameter,
    StartMission,
    TrackReport,
    Upload,
    VehicleCommand,
    VehicleEvent,
    WindReport,
)
from dronepatrol.model.mission import Command, LonLat, MissionItem

_STEP_S = 5.0
_START_UTC = datetime(2026, 1, 1, tzinfo=UTC)
_HEIGHT_M = 50.0
SAFE_PARAMETERS = {
    "BATT_FS_CRT_ACT": 1.0,
    "BATT_FS_LOW_ACT": 2.0,
    "BATT_CRT_MAH": 500.0,
    "BATT_LOW_MAH": 1000.0,
    "FENCE_ACTION": 1.0,
    "FENCE_ENABLE": 1.0,
    "FENCE_TYPE": 7.0,
    "FS_EKF_ACTION": 1.0,
    "FS_EKF_THRESH": 0.8,
    "FS_GCS_ENABLE": 1.0,
    "FS_GCS_TIMEOUT": 5.0,
    "FS_OPTIONS": 0.0,
    "FS_THR_ENABLE": 1.0,
    "RALLY_INCL_HOME": 1.0,
    "RALLY_LIMIT_KM": 0.3,
    "RTL_ALT": 1500.0,
    "RTL_ALT_FINAL": 0.0,
}
"""An ArduCopter 4.6 whose failsafes are all set."""


@dataclass
class FakeVehicle:
    """A pretended vehicle behind the ``VehicleLink`` seam; every :meth:`receive` advances its clock by 5 s.

    ``refuses`` holds command types that it denies; ``silent`` makes it say nothing any more; ``mode`` may be set by a
    test as a pilot would.
    """

    home_lonlat: LonLat
    system_id: int = 1
    url: str = "fake:"
    refuses: tuple[type[VehicleCommand], ...] = ()
    silent: bool = False
    ready: bool = True
    battery_share: float = 1.0
    mode: str = "STABILIZE"
    armed: bool = False
    height_m: float = 0.0
    firmware: Firmware = Firmware.ARDUPILOT
    version: tuple[int, int, int] = (4, 6, 0)
    multirotor: bool = True
    estimator_healthy: bool = True
    fence_breached: bool = False
    cross_track_m: float = 0.0
    wind_m_s: float = 3.0
    parameters: dict[str, float] = field(default_factory=SAFE_PARAMETERS.copy)
    onboard_log: bytes | None = b"a log of the fake vehicle"
    capabilities: frozenset[Capability] = frozenset(Capability)
    given: list[VehicleCommand] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stored: dict[PlanKind, tuple[MissionItem, ...]] = dict.fromkeys(PlanKind, ())
        self._boot_s, self._item, self._photos, self._is_open = 0.0, -1, 0, False
        self._unread: list[VehicleEvent] = []
        self._lonlat = self.home_lonlat

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> int:
        """See ``VehicleLink``."""
        if self.silent:
            msg = f"{self.url}: no vehicle answered"
            raise LinkError(msg, hint="this vehicle is a fake that was told to be silent")
        self._is_open = True
        return self.system_id

    def close(self) -> None:
        """See ``VehicleLink``."""
        self._is_open = False

    def receive(self, timeout_s: float) -> Sequence[VehicleEvent]:  # noqa: ARG002 a fake does not wait
        """See ``VehicleLink``."""
        self._need_open()
        if self.silent:
            return ()
        self._boot_s += _STEP_S
        events: list[VehicleEvent] = [*self._unread, *self._fly()]
        self._unread.clear()
        now = _START_UTC + timedelta(seconds=self._boot_s)
        events += [
            ClockReport(self._boot_s, now),
            FixReport(fix_3d=True, satellites=12),
            BatteryReport(self.battery_share),
            HomeReport(*self.home_lonlat, 5.0),
            LandedReport(on_ground=self.height_m == 0, landing=False),
            PositionReport(self._boot_s, *self._lonlat, self.height_m + 5.0, self.height_m, 0.0),
            ReadyReport(self.ready),
            IdentityReport(self.firmware, self.version, self.multirotor),
            EstimatorReport(self.estimator_healthy, 0.1 if self.estimator_healthy else 1.5),
            FenceReport(self.fence_breached, int(self.fence_breached)),
            TrackReport(self.cross_track_m),
            WindReport(self.wind_m_s, from_deg=270.0),
            Heartbeat(self.mode, self.armed),
        ]
        return events

    def send(self, command: VehicleCommand) -> Answer:
        """See ``VehicleLink``."""
        self._need_open()
        self.given.append(command)
        if self.silent:
            msg = f"{self.url}: no answer"
            raise LinkError(msg, hint="this vehicle is a fake that was told to be silent")
        if isinstance(command, self.refuses):
            return Answer(accepted=False, reason="denied")
        return self._obey(command)

    def download(self, kind: PlanKind) -> tuple[MissionItem, ...]:
        """See ``VehicleLink``."""
        self._need_open()
        return self._stored[kind]

    def fetch_log(self, path: Path, told: Callable[[int, int], None]) -> bool:
        """See ``VehicleLink``."""
        self._need_open()
        if self.onboard_log is None:
            return False
        path.write_bytes(self.onboard_log)
        told(len(self.onboard_log), len(self.onboard_log))
        return True

    def _obey(self, command: VehicleCommand) -> Answer:
        match command:
            case Upload(kind, items):
                self._stored[kind] = tuple(items)
            case SetMode(mode):
                self.mode = mode
            case Arm():
                self.armed = True
            case Disarm():
                if self.height_m > 0:
                    return Answer(accepted=False, reason="denied: flying")
                self.armed = False
            case StartMission() | GoToItem():
                return self._go_to(command)
            case ReadParameters() | SetParameter():
                return self._parameters(command)
            case Do():
                pass  # a fake has no speed, no gimbal and no camera trigger
        return Answer(accepted=True)

    def _go_to(self, command: StartMission | GoToItem) -> Answer:
        commands = [item.command for item in self._stored[PlanKind.MISSION]]
        if isinstance(command, StartMission):
            index = commands.index(Command.NAV_TAKEOFF) if Command.NAV_TAKEOFF in commands else 0
        else:
            index = command.index
        if not 0 <= index < len(commands):
            return Answer(accepted=False, reason=f"failed: there is no item {index}")
        self._item = index
        return Answer(accepted=True)

    def _parameters(self, command: ReadParameters | SetParameter) -> Answer:
        if isinstance(command, ReadParameters):
            self._unread += [ParameterReport(name, self.parameters.get(name)) for name in command.names]
            return Answer(accepted=True)
        if command.name not in self.parameters:
            return Answer(accepted=False, reason=f"the vehicle has no parameter {command.name}")
        self.parameters[command.name] = command.value
        self._unread.append(ParameterReport(command.name, command.value))
        return Answer(accepted=True)

    def _fly(self) -> Sequence[VehicleEvent]:
        if not self.armed:
            return ()
        if self.mode in {Mode.RTL, Mode.LAND}:
            return self._land()
        items = self._stored[PlanKind.MISSION]
        if self.mode != Mode.AUTO or not 0 <= self._item < len(items):
            return ()
        item, events = items[self._item], [MissionProgress(self._item, complete=False)]
        if item.command == Command.NAV_RETURN_TO_LAUNCH:
            return (*events, *self._land(), MissionProgress(self._item, complete=True))
        self.height_m = _HEIGHT_M
        photos: list[VehicleEvent] = []
        if item.command == Command.NAV_WAYPOINT:
            self._lonlat = (item.lon_deg, item.lat_deg)
            photos.append(self._photo())
        self._item += 1
        return (*events, *photos)

    def _photo(self) -> CameraEvent:
        self._photos += 1
        now = _START_UTC + timedelta(seconds=self._boot_s)
        return CameraEvent(self._photos, now, *self._lonlat, self.height_m + 5.0, self.height_m, 0.0, 0.0, 0.0)

    def _land(self) -> Sequence[VehicleEvent]:
        if self.mode != Mode.LAND:
            self._lonlat = self.home_lonlat
        self.height_m, self.armed = 0.0, False
        return ()

    def _need_open(self) -> None:
        if not self._is_open:
            msg = f"{self.url} is not open"
            raise LinkError(msg, hint="open the link first")
