"""What is to be flown, and everything that the controller knows while it is flown."""

from dataclasses import dataclass, field
from enum import Enum, StrEnum

from dronepatrol.fly.link import (
    Answer,
    Arm,
    HomeReport,
    Mode,
    PlanKind,
    PositionReport,
    SetMode,
    StartMission,
    StatusText,
    Upload,
    VehicleCommand,
)
from dronepatrol.model.flight import Outcome
from dronepatrol.model.mission import Command, LonLat, MissionItem


@dataclass(frozen=True, slots=True)
class SortieFlight:
    """One sortie as the ground flies it.

    ``items`` are as the autopilot numbers them: on ArduPilot item 0 is home. ``time_limit_s`` counts on the vehicle's
    clock from arming, after it the vehicle is called back. ``ready_limit_s`` is how long, on the same clock, the
    vehicle may take to become ready. ``blockers`` are the plan's findings that forbid the flight. ``rally_items``
    replace the vehicle's rally points, also where there are none of them; None leaves the vehicle's alone.
    """

    sortie_id: str
    items: tuple[MissionItem, ...]
    fence_items: tuple[MissionItem, ...]
    home_lonlat: LonLat
    planned_photos: int
    time_limit_s: float
    battery_needed_share: float = 0.0
    home_within_m: float = 30.0
    ready_limit_s: float = 180.0
    blockers: tuple[str, ...] = ()
    rally_items: tuple[MissionItem, ...] | None = None

    @property
    def work_end(self) -> int:
        """Index of the first item of the way home: when the vehicle works on it, the mission is flown."""
        end = len(self.items)
        while end and self.items[end - 1].command in {Command.NAV_RETURN_TO_LAUNCH, Command.NAV_LAND}:
            end -= 1
        return end

    @property
    def steps(self) -> tuple[VehicleCommand, ...]:
        """The commands that get the vehicle from standing to flying its mission, in order."""
        rally = () if self.rally_items is None else (Upload(PlanKind.RALLY, self.rally_items),)
        return (
            Upload(PlanKind.FENCE, self.fence_items),
            *rally,
            Upload(PlanKind.MISSION, self.items),
            SetMode(Mode.GUIDED),
            Arm(),
            SetMode(Mode.AUTO),
            StartMission(),
        )


class Phase(StrEnum):
    """Where the flight stands, for people."""

    CHECKING = "checking"
    UPLOADING = "uploading"
    STARTING = "starting"
    FLYING = "flying"
    RETURNING = "returning"
    ENDED = "ended"


class Refusal(Enum):
    """Why nothing was flown, as far as a caller must tell apart."""

    SAFETY = "safety"
    MISSION = "mission"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended; ``refusal`` where the flight was not even begun for a reason that is an error."""

    outcome: Outcome
    reason: str
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class CommandAnswered:
    """The vehicle answered ``command``, or stayed ``silent``: then nobody knows whether it heard."""

    command: VehicleCommand
    answer: Answer
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Abort:
    """Somebody or something on the ground wants the vehicle back."""

    reason: str


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The vehicle has been silent too long; ``what`` says about what and for how long."""

    what: str


@dataclass(frozen=True, slots=True)
class Leave:
    """The operator leaves, whatever the vehicle does."""


GroundEvent = CommandAnswered | Abort | LinkLost | Leave


@dataclass(frozen=True, slots=True)
class FlightState:
    """Everything the controller knows. ``boot_s`` is the vehicle's clock; None is "not heard yet"."""

    plan: SortieFlight
    step: int = 0
    pending: VehicleCommand | None = None
    # what the vehicle says
    boot_s: float | None = None
    first_boot_s: float | None = None
    armed: bool = False
    mode: str = ""
    fix_3d: bool = False
    ready: bool | None = None
    battery_share: float | None = None
    position: PositionReport | None = None
    home: HomeReport | None = None
    on_ground: bool | None = None
    landing: bool = False
    current: int = -1
    texts: tuple[StatusText, ...] = ()
    # what we made of it
    wanted: Mode | None = None  # the mode we commanded last …
    wanted_seen: bool = False  # … and whether it was taken
    before: frozenset[str] = field(default=frozenset())  # modes that may still be reported until it is
    waited: int = 0  # heartbeats in which it was not
    strange: str = ""  # a mode that nobody here commanded, heard once
    hands_off: str = ""  # why we stopped commanding
    abort: str = ""  # why we want it back
    abort_tries: int = 0
    we_armed: bool = False
    armed_at_s: float | None = None
    disarmed_heartbeats: int = 0
    has_flown: bool = False
    progressing: bool = False  # the mission was seen running
    complete: bool = False
    ending: Ending | None = None

    @property
    def phase(self) -> Phase:
        """Where the flight stands."""
        steps = self.plan.steps
        if self.ending is not None:
            return Phase.ENDED
        if self.hands_off or self.abort or self.complete:
            return Phase.RETURNING
        if self.step >= len(steps):
            return Phase.FLYING
        if self.step == 0 and self.pending is None:
            return Phase.CHECKING
        return Phase.UPLOADING if isinstance(steps[self.step], Upload) else Phase.STARTING
