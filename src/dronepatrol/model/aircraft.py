"""Aircraft profiles: what a planner may count on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AircraftProfile:
    """A multicopter as a planner knows it: speeds in m/s, powers in watts, the battery in watt-hours.

    ``reserve_share`` of the battery is never planned with.
    """

    id: str
    name: str
    mass_kg: float
    cruise_m_s: float
    acceleration_m_s2: float
    climb_m_s: float
    descent_m_s: float
    hover_w: float
    cruise_w: float
    climb_w: float
    battery_wh: float
    reserve_share: float
    max_wind_m_s: float
    autopilot: str  # "ardupilot" or "px4"
    link_range_m: float = 5000.0  # how far from the dock the link is counted on; a default, measure your own
    max_air_speed_m_s: float = 16.0  # against the wind no more is left than this less the wind; likewise a default

    @property
    def usable_wh(self) -> float:
        """Energy that a plan may spend on one battery, in watt-hours."""
        return self.battery_wh * (1.0 - self.reserve_share)
