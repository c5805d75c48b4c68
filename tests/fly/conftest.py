"""Embedded vehicles as real processes, a radio that loses packets, and a small mission."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from dronepatrol.model.mission import Command, Frame, MissionItem
from dronepatrol.sim.vehicle.config import VehicleConfig
from dronepatrol.sim.vehicle.process import VehicleProcess, start

HOME = (121.0205, 30.7005)
FENCE_ON = ("FENCE_ENABLE", 1.0)
READY = {"home": (*HOME, 5.0), "flight_id": "s1", "gps_after_s": 0.2, "parameters": (FENCE_ON,)}
"""A vehicle as whoever owns it has prepared it: the fence enabled, whose failsafe is then checked."""


@pytest.fixture
def home() -> tuple[float, float]:
    return HOME


@pytest.fixture
def embedded() -> Iterator[Callable[..., VehicleProcess]]:
    """Return a function that starts an embedded vehicle; all of them end with the test."""
    with ExitStack() as running:
        yield lambda **how: running.enter_context(start(VehicleConfig(**(READY | {"factor": 100.0, "seed": 1} | how))))


@pytest.fixture(scope="session")
def standing() -> Iterator[str]:
    """Return the address of an embedded vehicle for tests that do not fly it."""
    with start(VehicleConfig(**(READY | {"parameters": ()}))) as vehicle:  # it has no fence, and must arm
        yield vehicle.url


@pytest.fixture
def survey() -> tuple[MissionItem, ...]:
    """Return two lanes of 200 m, 40 m apart, with a photo every 20 m; item 0 is home."""
    lon, lat = HOME
    corners = [(lon + 0.0005, lat + 0.0005), (lon + 0.0026, lat + 0.0005), (lon + 0.0026, lat + 0.00086)]
    corners.append((lon + 0.0005, lat + 0.00086))

    def to(place: tuple[float, float]) -> MissionItem:
        return MissionItem(
            Command.NAV_WAYPOINT, Frame.GLOBAL_RELATIVE_ALT, lat_deg=place[1], lon_deg=place[0], altitude_m=50.0
        )

    def trigger(step_m: float) -> MissionItem:
        return MissionItem(Command.DO_SET_CAM_TRIGG_DIST, Frame.MISSION, (step_m, 0.0, float(step_m > 0), 0.0))

    return (
        MissionItem(Command.NAV_WAYPOINT, Frame.GLOBAL, lat_deg=lat, lon_deg=lon, altitude_m=5.0),
        MissionItem(Command.NAV_TAKEOFF, Frame.GLOBAL_RELATIVE_ALT, lat_deg=lat, lon_deg=lon, altitude_m=50.0),
        MissionItem(Command.DO_CHANGE_SPEED, Frame.MISSION, (1.0, 10.0, -1.0, 0.0)),
        to(corners[0]),
        trigger(20.0),
        to(corners[1]),
        trigger(0.0),
        to(corners[2]),
        trigger(20.0),
        to(corners[3]),
        trigger(0.0),
        MissionItem(Command.NAV_RETURN_TO_LAUNCH, Frame.MISSION),
    )


@pytest.fixture
def fence() -> tuple[MissionItem, ...]:
    """Return a square of 1 km around home that must not be left, and a triangle that must not be entered."""
    lon, lat = HOME
    square = [(lon - 0.005, lat - 0.005), (lon + 0.005, lat - 0.005), (lon + 0.005, lat + 0.005)]
    square.append((lon - 0.005, lat + 0.005))
    triangle = [(lon - 0.004, lat + 0.003), (lon - 0.003, lat + 0.003), (lon - 0.003, lat + 0.004)]
    polygons = {
        Command.NAV_FENCE_POLYGON_VERTEX_INCLUSION: square,
        Command.NAV_FENCE_POLYGON_VERTEX_EXCLUSION: triangle,
    }
    return tuple(
        MissionItem(command, Frame.GLOBAL, (float(len(corners)), 0.0, 0.0, 0.0), lat_deg=y, lon_deg=x)
        for command, corners in polygons.items()
        for x, y in corners
    )


class Radio:
    """A process that passes packets between one ground station and one vehicle; loses, repeats and swaps some."""

    def __init__(self, vehicle_url: str, *, ground: str = "udp", **chances: float) -> None:
        options = [f"--{name}={value}" for name, value in chances.items()]
        command = [sys.executable, str(Path(__file__).with_name("relay.py")), vehicle_url.removeprefix("udp:"), ground]
        self._process = subprocess.Popen(
            [*command, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self.url = self._process.stdout.readline().strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _ask(self, word: str) -> str:
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    @property
    def lost(self) -> int:
        return int(self._ask("stats").split()[1])

    @property
    def passed(self) -> int:
        return int(self._ask("stats").split()[0])

    def cut(self) -> None:
        """Let nothing pass any more."""
        self._ask("cut")

    def join(self) -> None:
        """Let packets pass again."""
        self._ask("join")


@pytest.fixture
def radio() -> Iterator[Callable[..., Radio]]:
    """Return a function that puts a bad radio before a vehicle's address."""
    with ExitStack() as running:
        yield lambda url, **how: running.enter_context(Radio(url, **how))
