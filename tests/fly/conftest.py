"""Embedded vehicles as real processes, a radio that loses packets, and a small mission."""

import random
import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Self

import pytest

from dronepatrol.model.mission import Command, Frame, MissionItem
from dronepatrol.sim.vehicle.config import VehicleConfig
from dronepatrol.sim.vehicle.process import VehicleProcess, start

HOME = (121.0205, 30.7005)


@pytest.fixture
def home() -> tuple[float, float]:
    return HOME


@pytest.fixture
def embedded() -> Iterator[Callable[..., VehicleProcess]]:
    """Return a function that starts an embedded vehicle; all of them end with the test."""
    with ExitStack() as running:
        yield lambda **how: running.enter_context(
            start(
                VehicleConfig(
                    **({"home": (*HOME, 5.0), "flight_id": "s1", "factor": 100.0, "seed": 1, "gps_after_s": 0.2} | how)
                )
            )
        )


@pytest.fixture(scope="session")
def standing() -> Iterator[str]:
    """Return the address of an embedded vehicle for tests that do not fly it."""
    with start(VehicleConfig(home=(*HOME, 5.0), flight_id="s1", gps_after_s=0.2)) as vehicle:
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
    """Passes datagrams between one ground station and one vehicle; loses, repeats and swaps some, each way."""

    def __init__(
        self, vehicle_url: str, *, loss: float, repeats: float = 0.0, swaps: float = 0.0, seed: int = 0
    ) -> None:
        _, host, port = vehicle_url.split(":")
        self._vehicle = (host, int(port))
        self._chances = {"loss": loss, "repeats": repeats, "swaps": swaps}
        self._dice = random.Random(seed)
        self._ground, self._air, self._wake, self._bell = *_sockets(2), *socket.socketpair()
        self._ground_peer: tuple[str, int] | None = None
        self._held: dict[socket.socket, bytes] = {}
        self.cut = False
        self.passed = self.lost = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        return "udp:{}:{}".format(*self._ground.getsockname())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bell.send(b"x")
        self._thread.join()
        for part in (self._ground, self._air, self._wake, self._bell):
            part.close()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for part in (self._ground, self._air, self._wake):
                selector.register(part, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select(0.05)]
                if self._wake in ready:
                    return
                for part in ready or list(self._held):
                    self._pass(part, quiet=not ready)

    def _pass(self, part: socket.socket, *, quiet: bool) -> None:
        if quiet:
            packets = []
        else:
            packet, sender = part.recvfrom(65535)
            if part is self._ground:
                self._ground_peer = sender
            packets = self._fate(part, packet)
        held = self._held.pop(part, None) if quiet or packets else None
        for packet in [*packets, *([held] if held else [])]:
            if part is self._ground:
                self._air.sendto(packet, self._vehicle)
            elif self._ground_peer:
                self._ground.sendto(packet, self._ground_peer)

    def _fate(self, part: socket.socket, packet: bytes) -> list[bytes]:
        if self.cut or self._dice.random() < self._chances["loss"]:
            self.lost += 1
            return []
        self.passed += 1
        if part not in self._held and self._dice.random() < self._chances["swaps"]:
            self._held[part] = packet
            return []
        return [packet, packet] if self._dice.random() < self._chances["repeats"] else [packet]


def _sockets(count: int) -> list[socket.socket]:
    made = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for part in made:
        part.bind(("127.0.0.1", 0))
    return made


@pytest.fixture
def radio() -> Iterator[Callable[..., Radio]]:
    """Return a function that puts a bad radio before a vehicle's address."""
    with ExitStack() as running:
        yield lambda url, **how: running.enter_context(Radio(url, **how))
