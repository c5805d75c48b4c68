"""What the ground and a vehicle say to each other, in our own words, and the seam that every link implements.

Positions are WGS-84 (lon, lat); ``height_m`` is above home. Angles are the vehicle's body to NED, degrees, intrinsic
Z-Y-X. ``boot_s`` is the vehicle's own clock, seconds since it started; ``ClockReport`` ties it to UTC. A value that the
vehicle did not give is NaN or None.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from dronepatrol.model.mission import MissionItem


class Mode(StrEnum):
    """The flight modes that we ask for; any other mode travels under the vehicle's own name."""

    GUIDED = "GUIDED"
    AUTO = "AUTO"
    LOITER = "LOITER"
    RTL = "RTL"
    LAND = "LAND"


class Firmware(StrEnum):
    """The autopilot families whose rules we know."""

    ARDUPILOT = "ardupilot"
    PX4 = "px4"
    OTHER = "other"


class Capability(Enum):
    """What an implementation of the link may lack; the contract test skips what it declares not to have."""

    FENCE = "fence"
    RALLY = "rally"
    LOSSY = "lossy links"
    PARAMETERS = "parameters"
    LOGS = "logs"


class PlanKind(Enum):
    """The three lists of items that a vehicle stores."""

    MISSION = "mission"
    FENCE = "fence"
    RALLY = "rally"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The vehicle lives; ``mode`` is a :class:`Mode` or the vehicle's own word."""

    mode: str
    armed: bool


@dataclass(frozen=True, slots=True)
class ClockReport:
    """The vehicle's clock since boot and, once it knows it, UTC."""

    boot_s: float
    time_utc: datetime | None


@dataclass(frozen=True, slots=True)
class PositionReport:
    """Where the vehicle believes to be, and how fast it moves over ground."""

    boot_s: float
    lon_deg: float
    lat_deg: float
    amsl_m: float
    height_m: float
    ground_speed_m_s: float


@dataclass(frozen=True, slots=True)
class AttitudeReport:
    """How the vehicle is turned."""

    boot_s: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True, slots=True)
class BatteryReport:
    """Remaining share of the battery, 0 to 1."""

    remaining_share: float


@dataclass(frozen=True, slots=True)
class FixReport:
    """The satellite receiver: whether it has a three-dimensional fix, and satellites used."""

    fix_3d: bool
    satellites: int


@dataclass(frozen=True, slots=True)
class ReadyReport:
    """The vehicle's own verdict whether it would arm."""

    ready: bool


@dataclass(frozen=True, slots=True)
class HomeReport:
    """Where the vehicle would return to."""

    lon_deg: float
    lat_deg: float
    amsl_m: float


@dataclass(frozen=True, slots=True)
class CameraEvent:
    """The camera was triggered; ``index`` counts from 1 in one power cycle, attitude is the vehicle's."""

    index: int
    time_utc: datetime | None
    lon_deg: float
    lat_deg: float
    amsl_m: float
    height_m: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True, slots=True)
class MissionProgress:
    """The index of the item that the vehicle works on."""

    current: int
    complete: bool


@dataclass(frozen=True, slots=True)
class ItemReached:
    """The vehicle finished the item with this index."""

    index: int


@dataclass(frozen=True, slots=True)
class LandedReport:
    """Whether the vehicle stands on the ground, and whether it is coming down to land."""

    on_ground: bool
    landing: bool


@dataclass(frozen=True, slots=True)
class IdentityReport:
    """What flies: the firmware, its version (0, 0, 0 where it is not told), and whether it is a multirotor."""

    firmware: Firmware
    version: tuple[int, int, int]
    multirotor: bool


@dataclass(frozen=True, slots=True)
class EstimatorReport:
    """Whether the vehicle's estimator (EKF) is sure of its position; ``variance`` is its worst test ratio (limit 1)."""

    healthy: bool
    variance: float


@dataclass(frozen=True, slots=True)
class FenceReport:
    """Whether the vehicle is outside its fence, and how often it has been since it started."""

    breached: bool
    breaches: int


@dataclass(frozen=True, slots=True)
class TrackReport:
    """How far the vehicle is off the line that it wants to fly."""

    cross_track_m: float


@dataclass(frozen=True, slots=True)
class WindReport:
    """The wind that the vehicle estimates."""

    speed_m_s: float
    from_deg: float


@dataclass(frozen=True, slots=True)
class ParameterReport:
    """A parameter's value, in the vehicle's own unit; None where the vehicle has none of this name."""

    name: str
    value: float | None


@dataclass(frozen=True, slots=True)
class StatusText:
    """A sentence from the vehicle; severity as in syslog, 0 (emergency) to 7 (debug)."""

    severity: int
    text: str


@dataclass(frozen=True, slots=True)
class LinkTrouble:
    """Something on our side of the link that the pilot should know, such as a log that cannot be written."""

    text: str


VehicleEvent = (
    Heartbeat
    | ClockReport
    | PositionReport
    | AttitudeReport
    | BatteryReport
    | FixReport
    | ReadyReport
    | HomeReport
    | CameraEvent
    | MissionProgress
    | ItemReached
    | LandedReport
    | IdentityReport
    | EstimatorReport
    | FenceReport
    | TrackReport
    | WindReport
    | ParameterReport
    | StatusText
    | LinkTrouble
)


@dataclass(frozen=True, slots=True)
class Upload:
    """Store these items, as the autopilot numbers them, and read them back; an empty list clears what is stored."""

    kind: PlanKind
    items: tuple[MissionItem, ...]


@dataclass(frozen=True, slots=True)
class SetMode:
    """Change the flight mode."""

    mode: Mode


@dataclass(frozen=True, slots=True)
class Arm:
    """Let the motors run; never forced."""


@dataclass(frozen=True, slots=True)
class Disarm:
    """Stop the motors; never forced, a flying vehicle refuses."""


@dataclass(frozen=True, slots=True)
class StartMission:
    """Begin the stored mission from its first item."""


@dataclass(frozen=True, slots=True)
class ReadParameters:
    """Ask for these parameters; each comes as a :class:`ParameterReport` before the answer."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetParameter:
    """Write one parameter and read it back; the controller gives this for the return height alone."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Do:
    """Carry out one item's command now (speed, gimbal, camera trigger), without touching the stored mission."""

    item: MissionItem


@dataclass(frozen=True, slots=True)
class GoToItem:
    """Let the stored mission go on at the item with this index."""

    index: int


VehicleCommand = Upload | SetMode | Arm | Disarm | StartMission | ReadParameters | SetParameter | Do | GoToItem


@dataclass(frozen=True, slots=True)
class Answer:
    """What the vehicle answered to a command; ``reason`` says why not."""

    accepted: bool
    reason: str = ""


class VehicleLink(Protocol):
    """The seam: one vehicle, reached somehow. Every implementation passes ``tests/fly/test_vehicle_link_contract.py``.

    A link is used from one thread. What arrives while a command waits for its answer is kept for the next
    :meth:`receive`; nothing is dropped.
    """

    url: str
    """Where the vehicle is reached, for messages."""
    capabilities: frozenset[Capability]
    """What this implementation can do beyond flying a mission."""

    def open(self) -> int:
        """Wait until the vehicle is heard, ask it for its telemetry, and return its system id.

        Raises
        ------
        LinkError
            When nothing, or another vehicle, answers in time; the message names the address.
        """
        ...

    def close(self) -> None:
        """Let go of the vehicle; whatever it is doing, it goes on doing. May be called twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def receive(self, timeout_s: float) -> Sequence[VehicleEvent]:
        """Return everything that has arrived, in order; waits up to ``timeout_s`` (wall clock) for the first."""
        ...

    def send(self, command: VehicleCommand) -> Answer:
        """Give a command and wait for the answer; an upload is read back and compared.

        Raises
        ------
        LinkError
            When no answer comes, in spite of repetition.
        """
        ...

    def download(self, kind: PlanKind) -> tuple[MissionItem, ...]:
        """Return the items that the vehicle stores, as it numbers them.

        Raises
        ------
        LinkError
            When the vehicle does not answer, or answers what the protocol does not allow.
        """
        ...

    def fetch_log(self, path: Path, told: Callable[[int, int], None]) -> bool:
        """Write the vehicle's latest onboard log to ``path``, whole or not at all; False where it keeps none.

        ``told`` hears (bytes done, bytes in all). Raises :class:`LinkError` when the vehicle stops answering.
        """
        ...
