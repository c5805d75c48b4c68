"""What the vehicle is and what it believes: body, battery, parameters, home, and the estimate that it navigates by."""

from dataclasses import dataclass
from math import nan
from random import Random

from dronepatrol.sim.noise import NOISE, PERFECT, flight_bias
from dronepatrol.sim.vehicle.battery import Battery, PowerModel
from dronepatrol.sim.vehicle.config import VehicleConfig
from dronepatrol.sim.vehicle.dynamics import STEP_S, Body, Wind
from dronepatrol.sim.vehicle.estimator import Estimator
from dronepatrol.sim.vehicle.faults import Phase
from dronepatrol.sim.vehicle.numbers import Landed, Mode
from dronepatrol.sim.vehicle.parameters import Parameters
from dronepatrol.sim.vehicle.place import Origin

_BIAS_FULL_HEIGHT_M = 10.0


@dataclass(frozen=True, slots=True)
class Home:
    """Where the vehicle returns to: metres in its own estimate's frame, and metres above the geoid."""

    north_m: float
    east_m: float
    amsl_m: float


@dataclass(frozen=True, slots=True)
class Rally:
    """A place to return to instead of home: metres in the vehicle's own estimate's frame, and metres above home."""

    north_m: float
    east_m: float
    height_m: float


class State:
    """One vehicle.

    The estimate is the truth plus the flight's bias. In position the bias is there from the start, so that home has it
    too and the vehicle lands where it took off. In height it grows within the first metres of the climb, as a
    barometer's does in the wind of the rotors: on the ground the estimate is right. A GPS that fails or jumps moves the
    estimate as :class:`Estimator` says.
    """

    def __init__(self, config: VehicleConfig) -> None:
        self.config = config
        self.parameters = Parameters()
        self.battery = Battery(config.battery_wh, config.battery_share)
        self._set_parameters()
        self.origin = Origin(*config.home)
        self.noise = PERFECT if config.perfect_sensors else NOISE
        self.bias = flight_bias(self.noise, config.seed, config.flight_id)
        self.estimator = Estimator(self.bias.north_m, self.bias.east_m)
        dice = Random(f"gusts {config.seed} {config.flight_id}")  # not secret
        self.body = Body(self._wind(), config.top_airspeed_m_s, self.parameters["ANGLE_MAX"] / 100, dice)
        self.power = PowerModel(config.mass_kg)
        self.steps = 0
        self.booted_step = 0
        self.position_from_s = config.gps_after_s
        self.mode = Mode.STABILIZE
        self.armed = False
        self.armed_at_s = 0.0
        self.landed = Landed.ON_GROUND
        self.phase = Phase.GROUND
        self.rally: tuple[Rally, ...] = ()
        self.home = Home(self.bias.north_m, self.bias.east_m, self.origin.amsl_m)

    def _wind(self) -> Wind:
        values = self.parameters
        return Wind(values["SIM_WIND_SPD"], values["SIM_WIND_DIR"], values["SIM_WIND_TURB"], values["SIM_WIND_TC"])

    def parameters_changed(self) -> None:
        """Let the simulated world take its parameters."""
        self.body.blow(self._wind())

    def _set_parameters(self) -> None:
        values = self.parameters
        values["MAV_SYSID"] = self.config.system_id
        values["SIM_SPEEDUP"] = self.config.factor
        values["SIM_WIND_SPD"], values["SIM_WIND_DIR"] = self.config.wind_m_s, self.config.wind_from_deg
        values["SIM_WIND_TURB"] = self.config.gust_m_s
        values["BATT_LOW_VOLT"], values["BATT_CRT_VOLT"] = self.battery.weak_v, self.battery.empty_v
        values["BATT_CAPACITY"] = self.battery.capacity_mah
        values["BATT_LOW_MAH"] = 0.15 * self.battery.capacity_mah
        values["BATT_CRT_MAH"] = 0.07 * self.battery.capacity_mah
        for name, value in self.config.parameters:
            values[name] = value

    @property
    def time_s(self) -> float:
        """Vehicle time since boot."""
        return self.steps * STEP_S

    @property
    def boot_ms(self) -> int:
        """Vehicle time since the autopilot has last started."""
        return round((self.steps - self.booted_step) * STEP_S * 1000)

    def unix_us(self) -> int:
        """Return the vehicle's UTC in microseconds since 1970."""
        return round(self.config.clock.timestamp() * 1e6) + self.steps * round(STEP_S * 1e6)

    @property
    def has_position(self) -> bool:
        """Whether the autopilot knows where it is."""
        return self.time_s >= self.position_from_s and not self.estimator.lost

    @property
    def north_m(self) -> float:
        """Estimated position."""
        return self.body.n + self.estimator.n

    @property
    def east_m(self) -> float:
        """Estimated position."""
        return self.body.e + self.estimator.e

    @property
    def up_m(self) -> float:
        """Estimated height above the ground at the take-off point."""
        share = min(max(self.body.up / _BIAS_FULL_HEIGHT_M, 0.0), 1.0)
        return self.body.up + self.bias.height_m * share * share * (3 - 2 * share)

    @property
    def amsl_m(self) -> float:
        """Estimated height above the geoid."""
        return self.origin.amsl_m + self.up_m

    @property
    def height_m(self) -> float:
        """Estimated height above home."""
        return self.amsl_m - self.home.amsl_m

    @property
    def lonlat_deg(self) -> tuple[float, float]:
        """Estimated position in degrees."""
        return self.origin.to_lonlat(self.north_m, self.east_m)

    def home_fields(self) -> dict[str, int | float | list[float]]:
        """Return the fields of HOME_POSITION."""
        lon, lat = self.origin.to_lonlat(self.home.north_m, self.home.east_m)
        return {
            "latitude": round(lat * 1e7),
            "longitude": round(lon * 1e7),
            "altitude": round(self.home.amsl_m * 1000),
            **dict.fromkeys(("x", "y", "z", "approach_x", "approach_y", "approach_z"), 0.0),
            "q": [nan] * 4,
            "time_usec": self.unix_us(),
        }

    @property
    def flying(self) -> bool:
        """Whether the vehicle is taking off, in the air or landing: the time in which it runs faster than real."""
        return self.landed is not Landed.ON_GROUND
