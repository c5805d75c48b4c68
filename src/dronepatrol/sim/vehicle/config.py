"""What one embedded vehicle is told when it is started, and its command line."""

import argparse
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from dronepatrol.errors import InputError
from dronepatrol.sim.vehicle.faults import SYNTAX, parse_fault
from dronepatrol.sim.vehicle.parameters import Parameters


@dataclass(frozen=True, slots=True)
class VehicleConfig:
    """One embedded vehicle.

    ``home`` is longitude, latitude (degrees) and height of the ground above the geoid (m). ``flight_id`` names the
    photos and, with ``seed``, decides every error of the sensors. ``clock`` is the vehicle's UTC when it boots.
    ``top_airspeed_m_s`` is what it reaches when it leans as far as it may: 10.0 is the recorded quadcopter.
    ``parameters`` are (name, value) pairs set before it boots. ``gust_m_s`` is 1 sigma of the gusts upon the wind.
    ``transport`` is "udp" or "tcp"; ``faults`` are what goes wrong when (:mod:`dronepatrol.sim.vehicle.faults`).
    ``tied`` ends it when its standard input closes.
    """

    home: tuple[float, float, float]
    flight_id: str
    host: str = "127.0.0.1"
    port: int = 0
    system_id: int = 1
    factor: float = 1.0
    seed: int = 0
    clock: datetime = field(default_factory=lambda: datetime.now(UTC))
    truth: Path | None = None
    wind_m_s: float = 0.0
    wind_from_deg: float = 0.0
    gust_m_s: float = 0.0
    transport: str = "udp"
    faults: tuple[str, ...] = ()
    battery_wh: float = 60.0
    battery_share: float = 1.0
    mass_kg: float = 1.2
    top_airspeed_m_s: float = 16.0
    gps_after_s: float = 1.0
    perfect_sensors: bool = False
    parameters: tuple[tuple[str, float], ...] = ()
    tied: bool = False

    def __post_init__(self) -> None:
        _check(self)

    def arguments(self) -> list[str]:
        """Return the command line that says the same."""
        words = {
            "listen": f"{self.transport}:{self.host}:{self.port}",
            "system-id": self.system_id,
            "home": ",".join(repr(part) for part in self.home),
            "factor": self.factor,
            "seed": self.seed,
            "flight": self.flight_id,
            "clock": self.clock.isoformat(),
            "wind": f"{self.wind_m_s!r},{self.wind_from_deg!r},{self.gust_m_s!r}",
            "battery-wh": self.battery_wh,
            "battery-share": self.battery_share,
            "mass-kg": self.mass_kg,
            "top-airspeed": self.top_airspeed_m_s,
            "gps-after": self.gps_after_s,
        }
        arguments = [f"--{name}={value}" for name, value in words.items()]
        arguments += [f"--param={name}={value!r}" for name, value in self.parameters]
        arguments += [f"--fault={fault}" for fault in self.faults]
        arguments += [f"--truth={self.truth}"] if self.truth is not None else []
        arguments += ["--perfect-sensors"] if self.perfect_sensors else []
        return arguments + (["--tied"] if self.tied else [])


def _check(config: VehicleConfig) -> None:
    lon, lat, _ = config.home
    rules = {
        f"home {lon}, {lat} is no longitude, latitude": abs(lon) <= 180 and abs(lat) < 89,
        f"system id {config.system_id} is not in 1 … 254": 1 <= config.system_id <= 254,
        f"factor {config.factor} is not in 0.1 … 1000": 0.1 <= config.factor <= 1000,
        f"wind {config.wind_m_s} m/s is not in 0 … 50": 0 <= config.wind_m_s <= 50,
        f"battery {config.battery_wh} Wh is not positive": config.battery_wh > 0,
        f"battery share {config.battery_share} is not in 0 … 1": 0 <= config.battery_share <= 1,
        f"mass {config.mass_kg} kg is not positive": config.mass_kg > 0,
        f"top airspeed {config.top_airspeed_m_s} m/s is not positive": config.top_airspeed_m_s > 0,
        f"clock {config.clock} has no time zone": config.clock.tzinfo is not None,
    }
    rules[f"gusts {config.gust_m_s} m/s are not in 0 … 20"] = 0 <= config.gust_m_s <= 20
    rules[f"transport {config.transport} is not udp or tcp"] = config.transport in {"udp", "tcp"}
    for fault in config.faults:
        parse_fault(fault)
    known = Parameters()
    rules |= {f"parameter {name} is unknown": name in known for name, _ in config.parameters}
    for message, holds in rules.items():
        if not holds:
            msg = f"embedded vehicle: {message}"
            raise InputError(msg, hint="see `python -m dronepatrol.sim.vehicle --help`")


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _three(text: str) -> tuple[float, ...]:
    a, b, c = _numbers(text)
    return a, b, c


def _wind(text: str) -> tuple[float, ...]:
    speed, from_deg, *gust = _numbers(text)
    return speed, from_deg, *(gust or [0.0])


def _pair(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    return name, float(value)


def _address(text: str) -> tuple[str, str, int]:
    rest, _, port = text.rpartition(":")
    transport, _, host = rest.rpartition(":")
    return transport or "udp", host or "127.0.0.1", int(port)


def parse(arguments: list[str]) -> VehicleConfig:
    """Return what a command line asks for; wrong usage ends the process with exit code 2, as argparse does."""
    parser = argparse.ArgumentParser(prog="python -m dronepatrol.sim.vehicle", description=__doc__)
    parser.add_argument(
        "--listen",
        type=_address,
        default=("udp", "127.0.0.1", 0),
        metavar="[udp:|tcp:]HOST:PORT",
        help="UDP unless said otherwise; port 0: any",
    )
    parser.add_argument("--system-id", type=int, default=1, metavar="N")
    parser.add_argument("--home", type=_three, required=True, metavar="LON,LAT,AMSL_M")
    parser.add_argument("--factor", type=float, default=1.0, metavar="X", help="vehicle seconds per second in flight")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--flight", default="sim", metavar="ID", help="names the photos")
    parser.add_argument("--clock", type=datetime.fromisoformat, metavar="ISO8601", help="UTC when the vehicle boots")
    parser.add_argument("--truth", type=Path, metavar="FILE.parquet", help="where the true poses of the photos go")
    parser.add_argument("--wind", type=_wind, default=(0.0, 0.0, 0.0), metavar="M_S,FROM_DEG[,GUST]")
    parser.add_argument("--fault", action="append", default=[], metavar="KIND[=VALUE]@WHEN[/SECONDS]", help=SYNTAX)
    parser.add_argument("--battery-wh", type=float, default=60.0, metavar="WH")
    parser.add_argument("--battery-share", type=float, default=1.0, metavar="0…1", help="charge at the start")
    parser.add_argument("--mass-kg", type=float, default=1.2, metavar="KG")
    parser.add_argument("--top-airspeed", type=float, default=16.0, metavar="M_S", help="at the greatest lean")
    parser.add_argument("--gps-after", type=float, default=1.0, metavar="S", help="seconds until there is a position")
    parser.add_argument("--perfect-sensors", action="store_true", help="no noise: for comparisons with recordings")
    parser.add_argument("--param", type=_pair, action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--tied", action="store_true", help="end when standard input closes")
    given = parser.parse_args(arguments)
    clock = given.clock if given.clock is not None else datetime.now(UTC)
    return VehicleConfig(
        home=given.home,
        flight_id=given.flight,
        transport=given.listen[0],
        host=given.listen[1],
        port=given.listen[2],
        system_id=given.system_id,
        factor=given.factor,
        seed=given.seed,
        clock=clock if clock.tzinfo is not None else clock.replace(tzinfo=UTC),
        truth=given.truth,
        wind_m_s=given.wind[0],
        wind_from_deg=given.wind[1],
        gust_m_s=given.wind[2],
        faults=tuple(given.fault),
        battery_wh=given.battery_wh,
        battery_share=given.battery_share,
        mass_kg=given.mass_kg,
        top_airspeed_m_s=given.top_airspeed,
        gps_after_s=given.gps_after,
        perfect_sensors=given.perfect_sensors,
        parameters=tuple(given.param),
        tied=given.tied,
    )
