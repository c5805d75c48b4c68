"""Everything that the controller knows while a sortie is flown, and what the ground may tell it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from dronepatrol.fly.link import (
    Answer,
    Capability,
    EstimatorReport,
    FenceReport,
    HomeReport,
    IdentityReport,
    Mode,
    PositionReport,
    StatusText,
    Upload,
    VehicleCommand,
    WindReport,
)
from dronepatrol.fly.route import Route
from dronepatrol.fly.sortie import SortieFlight
from dronepatrol.model.flight import Outcome
from dronepatrol.model.mission import Command


class Phase(StrEnum):
    """Where the flight stands, for people."""

    CHECKING = "checking"
    UPLOADING = "uploading"
    STARTING = "starting"
    TAKING_OFF = "taking off"
    FLYING = "flying"
    PAUSED = "paused"
    RETURNING = "returning"
    LANDED = "landed"
    FETCHING = "fetching the log"
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
class Pause:
    """The operator wants the vehicle to hold where it is."""


@dataclass(frozen=True, slots=True)
class GoOn:
    """The operator wants a held vehicle to go on: where it stopped, or so that photo ``at_photo`` (from 1) is taken."""

    at_photo: int | None = None


@dataclass(frozen=True, slots=True)
class Skip:
    """The operator wants this sortie ended and the next one flown."""


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The vehicle has been silent too long; ``what`` says about what and for how long."""

    what: str


@dataclass(frozen=True, slots=True)
class Leave:
    """The operator leaves, whatever the vehicle does."""


Order = Abort | Pause | GoOn | Skip
"""What an operator may want of a flight."""
GroundEvent = CommandAnswered | Order | LinkLost | Leave


@dataclass(frozen=True, slots=True)
class Standing:
    """Something beyond a limit: of which kind, since when (vehicle's clock), whether it was said."""

    kind: str
    since_s: float
    said: bool = False


@dataclass(frozen=True, slots=True)
class FlightState:
    """Everything the controller knows. ``boot_s`` is the vehicle's clock; None is "not heard yet"."""

    plan: SortieFlight
    route: Route
    capabilities: frozenset[Capability]
    steps: tuple[VehicleCommand, ...] = ()  # from standing to flying; known once the vehicle's parameters are
    step: int = 0
    script: tuple[VehicleCommand, ...] = ()  # what a pause or going on still needs
    pending: VehicleCommand | None = None
    # what the vehicle says
    identity: IdentityReport | None = None
    parameters: Mapping[str, float | None] = field(default_factory=dict)  # never changed in place
    boot_s: float | None = None
    first_boot_s: float | None = None
    armed: bool = False
    mode: str = ""
    fix_3d: bool = False
    estimator: EstimatorReport | None = None
    ready: bool | None = None
    battery_share: float | None = None
    position: PositionReport | None = None
    home: HomeReport | None = None
    on_ground: bool | None = None
    landing: bool = False
    fence: FenceReport | None = None
    cross_track_m: float | None = None
    wind: WindReport | None = None
    current: int = -1
    texts: tuple[StatusText, ...] = ()
    # what we made of it
    wanted: Mode | None = None  # the mode we commanded last …
    wanted_seen: bool = False  # … and whether it was taken
    before: frozenset[str] = field(default=frozenset())  # modes that may still be reported until it is
    waited: int = 0  # heartbeats in which it was not
    strange: str = ""  # a mode that nobody here commanded, heard once
    hands_off: str = ""  # why we stopped commanding
    held: bool = False  # the operator paused it
    abort: str = ""  # why we want it back
    abort_tries: int = 0
    skipped: bool = False
    simulated: bool = False  # by its own word: a parameter that only simulators have
    refused_s: tuple[float, ...] = ()  # when arming was refused, on the vehicle's clock
    we_armed: bool = False
    armed_at_s: float | None = None
    battery_at_arming: float | None = None
    disarmed_heartbeats: int = 0
    has_flown: bool = False
    last_height_m: float = 0.0  # the last one heard while it was armed
    progressing: bool = False  # the mission was seen running
    complete: bool = False
    standing: tuple[Standing, ...] = ()  # limits exceeded now
    got_on_m: float = 0.0  # how far along its way it was …
    got_on_s: float = 0.0  # … when it last got on
    notices: tuple[str, ...] = ()  # what a person should be told, oldest first
    ending: Ending | None = None

    @property
    def on_mission(self) -> bool:
        """Whether the vehicle is on its way along the mission, commanded by us and by nobody else."""
        started = bool(self.steps) and self.step >= len(self.steps)
        return started and self.armed and not (self.hands_off or self.abort or self.complete or self.ending)

    @property
    def lost(self) -> bool:
        """Whether the vehicle does not know where it is."""
        return self.position is None or not self.fix_3d or (self.estimator is not None and not self.estimator.healthy)

    @property
    def phase(self) -> Phase:
        """Where the flight stands."""
        if self.ending is not None:
            return Phase.ENDED
        if self.armed and self.has_flown and self.on_ground is True:
            return Phase.LANDED
        if self.hands_off or self.abort or self.complete:
            return Phase.RETURNING
        if self.on_mission:
            return Phase.PAUSED if self.held else Phase.TAKING_OFF if self._climbs else Phase.FLYING
        if self.step == 0 or self.step >= len(self.steps):
            return Phase.CHECKING
        stores = any(isinstance(step, Upload) for step in self.steps[self.step :])
        return Phase.UPLOADING if stores else Phase.STARTING

    @property
    def _climbs(self) -> bool:
        begun = 0 <= self.current < len(self.plan.items)
        return not self.has_flown or (begun and self.plan.items[self.current].command == Command.NAV_TAKEOFF)
