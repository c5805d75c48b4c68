"""What goes wrong, and when: scheduled faults, and the ``SIM_*`` parameters that do the same while the vehicle runs.

A fault is written ``KIND[=VALUE]@WHEN[/SECONDS]``. WHEN is seconds of vehicle time after arming, or a phase of the
flight (``takeoff``, ``mission``, ``return``, ``landing``), from its first moment on, with ``+SECONDS`` for later.
Without ``/SECONDS`` it lasts. Kinds, their value, and the parameter that does it:

=============  ============================================================  ==========================
``link_loss``  nothing passes, either way; ``/SECONDS`` of real time         SIM_UART_LOSS 100
``link_drop``  share of packets lost each way, 0 to 1 (0.3)                  SIM_UART_LOSS, percent
``link_lag``   seconds of real time each way (0.5)                           SIM_LINK_LAG, ms
``gps_glitch`` the GPS jumps by so many metres in a seeded direction (50)    SIM_GPS1_GLTCH_X, _Y, deg
``gps_loss``   no satellites                                                 SIM_GPS1_ENABLE 0
``battery``    share of the charge that is left at once (0.1)                SIM_BATT_VOLTAGE, V shown
``motor``      a motor stops; the vehicle comes down out of control          SIM_ENGINE_FAIL, mask
``camera_miss``  share of triggers that make no photo, 0 to 1 (0.2)          SIM_CAM_MISS, percent
``reboot``     the autopilot starts again in flight, as after its watchdog   MAV_CMD 246, forced
=============  ============================================================  ==========================
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import cos, inf, pi, sin
from random import Random

from dronepatrol.errors import InputError

SYNTAX = "what goes wrong: link_loss, link_drop, link_lag, gps_glitch, gps_loss, battery, motor, camera_miss, reboot"


class FaultKind(StrEnum):
    """What can go wrong."""

    LINK_LOSS = "link_loss"
    LINK_DROP = "link_drop"
    LINK_LAG = "link_lag"
    GPS_GLITCH = "gps_glitch"
    GPS_LOSS = "gps_loss"
    BATTERY = "battery"
    MOTOR = "motor"
    CAMERA_MISS = "camera_miss"
    REBOOT = "reboot"


class Phase(StrEnum):
    """The parts of a flight."""

    GROUND = "ground"
    TAKEOFF = "takeoff"
    MISSION = "mission"
    RETURN = "return"
    LANDING = "landing"


LINK = {FaultKind.LINK_LOSS, FaultKind.LINK_DROP, FaultKind.LINK_LAG}
_DEFAULT = {
    FaultKind.LINK_DROP: 0.3,
    FaultKind.LINK_LAG: 0.5,
    FaultKind.GPS_GLITCH: 50.0,
    FaultKind.BATTERY: 0.1,
    FaultKind.CAMERA_MISS: 0.2,
}
_MOST = {FaultKind.LINK_LAG: 10.0, FaultKind.GPS_GLITCH: 10_000.0}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong: ``after_s`` seconds after arming, or after a phase has begun."""

    kind: FaultKind
    value: float
    phase: Phase | None
    after_s: float
    lasts_s: float = inf


def parse_fault(text: str) -> Fault:
    """Return what a fault's text says.

    Raises
    ------
    InputError
        When it is no fault; the message says what is wrong.
    """
    what, at, when = text.partition("@")
    name, _, value = what.partition("=")
    start, _, lasts = when.partition("/")
    phase, _, later = start.partition("+")
    kinds = ", ".join(FaultKind)
    try:
        kind = FaultKind(name)
    except ValueError:
        msg = f"fault {text!r}: {name!r} is none of {kinds}"
        raise InputError(msg, hint="for example gps_glitch=40@mission+10/15") from None
    try:
        known = Phase(phase) if phase in set(Phase) else None
        after = float(later or 0) if known else float(start)
        fault = Fault(kind, float(value or _DEFAULT.get(kind, 1.0)), known, after, float(lasts or inf))
    except ValueError:
        msg = f"fault {text!r} is not KIND[=VALUE]@WHEN[/SECONDS]" + ("" if at else ": it says no WHEN")
        raise InputError(msg, hint="WHEN is seconds, or takeoff, mission, return, landing [+seconds]") from None
    if not (0 <= fault.value <= _MOST.get(kind, 1.0) and 0 <= fault.after_s < inf and fault.lasts_s > 0):
        msg = f"fault {text!r}: the value must be 0 … {_MOST.get(kind, 1.0):g}, the times positive"
        raise InputError(msg, hint="for example gps_glitch=40@mission+10/15")
    return fault


class Faults:
    """Which faults act now. Times are the vehicle's for those of the vehicle, real for those of the link."""

    def __init__(self, texts: Sequence[str], seed: int) -> None:
        self._waiting = [parse_fault(text) for text in texts]
        self._acting: list[tuple[Fault, float]] = []
        self.dice = Random(f"faults {seed}")  # not secret

    @property
    def nothing(self) -> bool:
        """Whether nothing is wrong or will be."""
        return not self._waiting and not self._acting

    def start(self, phase: Phase, phase_s: float, armed_s: float, now_s: float, real_s: float) -> list[Fault]:
        """Return the faults that begin now; ``phase_s`` and ``armed_s`` are how long the phase and the flight last."""
        begun = [
            fault
            for fault in self._waiting
            if (fault.phase is phase and phase_s >= fault.after_s)
            or (fault.phase is None and phase is not Phase.GROUND and armed_s >= fault.after_s)
        ]
        for fault in begun:
            self._waiting.remove(fault)
            self._acting.append((fault, (real_s if fault.kind in LINK else now_s) + fault.lasts_s))
        return begun

    def end(self, now_s: float, real_s: float) -> list[Fault]:
        """Return the faults that are over now."""
        over = [fault for fault, until in self._acting if (real_s if fault.kind in LINK else now_s) >= until]
        self._acting = [(fault, until) for fault, until in self._acting if fault not in over]
        return over

    def direction(self) -> tuple[float, float]:
        """Return a unit vector, north and east, drawn from the seed."""
        angle = self.dice.uniform(0.0, 2 * pi)
        return cos(angle), sin(angle)
