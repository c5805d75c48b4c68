"""What the ground is asked to fly: one sortie, its limits, and what forbids it."""

from dataclasses import dataclass, field

from dronepatrol.fly.link import Firmware
from dronepatrol.model.mission import Command, LonLat, MissionItem


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on a flight is warned about, and from when on it is called back: defaults of ours, none from a law.

    A limit counts once it has been exceeded for ``hold_s`` of the vehicle's time: gusts and corners pass. Lengths are
    in metres off the planned line or beyond the planned heights, shares are of the whole battery.
    """

    cross_track_warn_m: float = 10.0
    cross_track_return_m: float = 40.0
    height_warn_m: float = 10.0
    height_return_m: float = 25.0
    wind_warn_m_s: float = 9.0
    wind_return_m_s: float = 12.0
    energy_warn_share: float = 0.08  # spent beyond the plan
    landing_share: float = 0.08  # must be left at home, when called back from where it is
    still_warn_s: float = 90.0  # in AUTO without getting on
    hold_s: float = 5.0


@dataclass(frozen=True, slots=True)
class SortieFlight:
    """One sortie as the ground flies it.

    ``items`` are as the autopilot numbers them: on ArduPilot item 0 is home. ``time_limit_s`` counts on the vehicle's
    clock from arming, after it the vehicle is called back; ``planned_time_s`` is what the plan counts on.
    ``ready_limit_s`` is how long, on the same clock, the vehicle may take to become ready. ``blockers`` are the plan's
    findings that forbid the flight, ``forbidden_now`` what forbids it now in the real sky. ``rally_items`` replace the
    vehicle's, also where there are none of them; None leaves the vehicle's alone. ``return_height_m`` (above home) is
    written to the vehicle; None leaves the vehicle's. ``autopilot`` is the family that the items are for. ``has_rc``
    says whether a radio control is bound to the vehicle, whose failsafe must then be set.
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
    drone: str = ""
    planned_time_s: float = 0.0
    return_height_m: float | None = None
    autopilot: Firmware | None = None
    has_rc: bool = True
    forbidden_now: tuple[str, ...] = ()
    limits: Limits = field(default=Limits())

    @property
    def work_end(self) -> int:
        """Index of the first item of the way home: when the vehicle works on it, the mission is flown."""
        end = len(self.items)
        while end and self.items[end - 1].command in {Command.NAV_RETURN_TO_LAUNCH, Command.NAV_LAND}:
            end -= 1
        return end
