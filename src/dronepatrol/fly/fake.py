"""A vehicle that is no vehicle: an in-memory stand-in for tests of whatever uses a link.

It obeys at once, flies from item to item in steps of its own clock and has neither dynamics nor noise. The embedded
vehicle (``dronepatrol.sim``) is the one to fly missions on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from dronepatrol.errors import LinkError
from dronepatrol.fly.link import (
    Answer,
    Arm,
    BatteryReport,
    CameraEvent,
    ClockReport,
    Disarm,
    FixReport,
    Heartbeat,
    HomeReport,
    LandedReport,
    MissionProgress,
    Mode,
    PlanKind,
    PositionReport,
    ReadyReport,
    SetMode,
    StartMission,
    Upload,
    VehicleCommand,
    VehicleEvent,
)
from dronepatrol.model.mission import Command, LonLat, MissionItem

_STEP_S = 5.0
_START_UTC = datetime(2026, 1, 1, tzinfo=UTC)
_HEIGHT_M = 50.0


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
    given: list[VehicleCommand] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stored: dict[PlanKind, tuple[MissionItem, ...]] = dict.fromkeys(PlanKind, ())
        self._boot_s, self._item, self._photos, self._is_open = 0.0, -1, 0, False
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
        events: list[VehicleEvent] = list(self._fly())
        now = _START_UTC + timedelta(seconds=self._boot_s)
        events += [
            ClockReport(self._boot_s, now),
            FixReport(fix_3d=True, satellites=12),
            BatteryReport(self.battery_share),
            HomeReport(*self.home_lonlat, 5.0),
            LandedReport(on_ground=self.height_m == 0, landing=False),
            PositionReport(self._boot_s, *self._lonlat, self.height_m + 5.0, self.height_m, 0.0),
            ReadyReport(self.ready),
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
            case StartMission():
                commands = [item.command for item in self._stored[PlanKind.MISSION]]
                self._item = commands.index(Command.NAV_TAKEOFF) if Command.NAV_TAKEOFF in commands else 0
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
