"""What a flight costs in seconds and watt-hours: take-off climb, legs in the wind, descent."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dronepatrol.model.aircraft import AircraftProfile
from dronepatrol.model.patrol import PatrolSpec
from dronepatrol.plan.timing import Pace, straightened

TOUCH_DOWN_M = 10.0
TOUCH_DOWN_M_S = 0.5
"""The last metres are sunk through slowly: ArduCopter's defaults of LAND_ALT_LOW and LAND_SPEED."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cost:
    """Length over the ground, time and energy."""

    length_m: float = 0.0
    time_s: float = 0.0
    energy_wh: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.length_m + other.length_m, self.time_s + other.time_s, self.energy_wh + other.energy_wh)


@dataclass(frozen=True, slots=True)
class EnergyModel:
    """Power by air speed: a multicopter holds its speed over the ground, so the wind costs power.

    Time it costs only where the aircraft's air speed does not suffice: that is the pace's.

    Level flight takes ``hover_w`` plus a drag term with the cube of the air speed, scaled so that cruise speed in calm
    air takes ``cruise_w``: a heuristic that leaves out the induced power's fall at low speed (on the safe side).

    ``wind_m_s`` is (east, north), where the air moves to.
    """

    aircraft: AircraftProfile
    pace: Pace
    height_m: float
    wind_m_s: tuple[float, float]

    def power_w(self, air_speed_m_s: Array) -> Array:
        """Return (…) watts of level flight at (…) air speeds."""
        craft = self.aircraft
        drag = max(craft.cruise_w - craft.hover_w, 0.0)
        return np.asarray(craft.hover_w + drag * (air_speed_m_s / craft.cruise_m_s) ** 3)

    @property
    def most_w(self) -> float:
        """Watts of level flight straight against the wind: no leg takes more."""
        return float(self.power_w(self.pace.speed_m_s + np.hypot(*self.wind_m_s)))

    def watts(self, ways: Array) -> Array:
        """Return (…) watts of level flight along (…, 2) ways east and north; of the worst one for no way at all."""
        lengths = np.hypot(ways[..., 0], ways[..., 1])[..., None]
        ground = ways / np.where(lengths > 0, lengths, 1.0) * self.pace.ground_m_s(ways)[..., None]
        return self.power_w(np.hypot(*np.moveaxis(ground - self.wind_m_s, -1, 0)))

    def path(self, points: Array) -> Cost:
        """Return the cost of flying along (n, 2) points in metres, from standstill to standstill."""
        corners = straightened(points)
        if len(corners) < 2:
            return Cost()
        legs = np.diff(corners, axis=0)
        lengths = np.hypot(*legs.T)
        times = self.pace.way_s(legs)
        return Cost(float(lengths.sum()), float(times.sum()), float((times * self.watts(legs)).sum()) / 3600.0)

    def standing(self, seconds: float) -> Cost:
        """Return the cost of holding a place."""
        return Cost(0.0, seconds, seconds * float(self.power_w(np.hypot(*self.wind_m_s))) / 3600.0)

    def up_and_down(self) -> Cost:
        """Return the cost of the take-off climb and of the landing's descent."""
        craft = self.aircraft
        up_s, down_s = self.height_m / craft.climb_m_s, descent_s(craft, self.height_m)
        hover_w = float(self.power_w(np.hypot(*self.wind_m_s)))
        climb_w = craft.climb_w + hover_w - craft.hover_w
        return Cost(0.0, up_s + down_s, (up_s * climb_w + down_s * hover_w) / 3600.0)


def descent_s(aircraft: AircraftProfile, height_m: float) -> float:
    """Return the seconds of a landing from a height above the ground."""
    slowly_m = min(TOUCH_DOWN_M, height_m)
    return (height_m - slowly_m) / aircraft.descent_m_s + slowly_m / min(TOUCH_DOWN_M_S, aircraft.descent_m_s)


def pace_in_wind(aircraft: AircraftProfile, spec: PatrolSpec, speed_m_s: float) -> Pace:
    """Return the pace of an aircraft that is asked for a speed over the ground in the forecast wind."""
    return Pace(speed_m_s, aircraft.acceleration_m_s2, wind_m_s(spec), aircraft.max_air_speed_m_s)


def wind_m_s(spec: PatrolSpec) -> tuple[float, float]:
    """Return the forecast wind as (east, north), where the air moves to."""
    towards = np.radians(spec.wind_from_deg + 180.0)
    return float(spec.wind_m_s * np.sin(towards)), float(spec.wind_m_s * np.cos(towards))
