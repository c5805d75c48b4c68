"""How like a real ArduCopter the embedded vehicle flies: a recorded mission flown again, and the two compared.

``python -m benchmarks.fidelity [--mission FILE --log FILE.BIN --wind SPEED,FROM_DEG]``; without a mission the two
recorded ones. The vehicle takes the log's parameters (those it has, as they were before the take-off) and its home;
fence and rally points come from the mission's file. Nothing is fitted to a log: the drag is that of the simulator's
default quadcopter, whose published constants (3 kg, 0.385 m² of rotor discs, momentum drag 0.2, 15.08 m/s at 45 degrees
of lean) give the top airspeed. The sensors are perfect, as the recording simulator's. The last line of stdout is one
JSON object.
"""

import argparse
import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dronepatrol.model.mission import MissionItem
from dronepatrol.sim.vehicle.autopilot import Autopilot
from dronepatrol.sim.vehicle.config import VehicleConfig
from dronepatrol.sim.vehicle.missions import as_stored
from dronepatrol.sim.vehicle.numbers import Mode, Result
from dronepatrol.sim.vehicle.parameters import Parameters
from dronepatrol.sim.vehicle.place import Origin

FLIGHTS = Path(os.environ.get("DRONEPATROL_TESTDATA", Path(__file__).parents[2] / "shared" / "data")) / "flights"
RECORDED = (("copter47_survey.waypoints", "copter47_survey.BIN"), ("copter47_fence.plan", "copter47_fence.BIN"))
TOP_AIRSPEED_M_S = 10.02  # ArduPilot's default quadcopter at 30 degrees of lean, by its published constants
AIRBORNE_M = 0.15
LONGEST_S = 3600.0
LIMITS = {"time": 0.05, "photos": 1, "photo_median_m": 2.0, "photo_max_m": 5.0, "cross_track_m": 3.0}

Items = tuple[MissionItem, ...]
Table = NDArray[np.float64]


@dataclass(frozen=True)
class Mission:
    """What is uploaded: mission (item 0 is home), fence and rally points."""

    items: Items
    fence: Items = ()
    rally: Items = ()


@dataclass
class Flight:
    """One flight: its track (seconds, latitude, longitude, height above home), its photos.

    A photo is latitude, longitude; ``attitudes`` are the vehicle's roll, pitch, yaw in them, degrees.
    """

    track: list[tuple[float, float, float, float]] = field(default_factory=list)
    photos: list[tuple[float, float]] = field(default_factory=list)
    attitudes: list[tuple[float, float, float]] = field(default_factory=list)
    breach: tuple[float, float] | None = None
    home: tuple[float, float, float] = (0.0, 0.0, 0.0)
    parameters: dict[str, float] = field(default_factory=dict)


def read_waypoints(path: Path) -> Mission:
    """Read a QGC WPL 110 file; row 0 is home."""
    rows = [line.split("\t") for line in path.read_text().splitlines()[1:] if line.strip()]
    return Mission(
        tuple(MissionItem(int(r[3]), int(r[2]), _four(r[4:8]), float(r[8]), float(r[9]), float(r[10])) for r in rows)
    )


def _simple(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Return the simple items; a survey's are within it."""
    for item in items:
        yield from item["TransectStyleComplexItem"]["Items"] if "TransectStyleComplexItem" in item else [item]


def _four(values: list[Any]) -> tuple[float, float, float, float]:
    a, b, c, d = (math.nan if value is None else float(value) for value in values)
    return a, b, c, d


def read_plan(path: Path) -> Mission:
    """Read a QGroundControl plan of simple items, with its fence and rally points."""
    plan = json.loads(path.read_text())
    lat, lon, amsl = plan["mission"]["plannedHomePosition"]
    items = [MissionItem(16, 0, lat_deg=lat, lon_deg=lon, altitude_m=amsl)]
    for item in _simple(plan["mission"]["items"]):
        lat, lon, height = (float(value or 0.0) for value in item["params"][4:7])
        items.append(MissionItem(item["command"], item["frame"], _four(item["params"][:4]), lat, lon, height))
    fence: list[MissionItem] = []
    for zone in plan["geoFence"]["polygons"]:
        command, corners = 5001 if zone["inclusion"] else 5002, zone["polygon"]
        fence += [MissionItem(command, 0, (len(corners), 0.0, 0.0, 0.0), *corner) for corner in corners]
    for zone in plan["geoFence"]["circles"]:
        circle = zone["circle"]
        command = 5003 if zone["inclusion"] else 5004
        fence.append(MissionItem(command, 0, (circle["radius"], 0.0, 0.0, 0.0), *circle["center"]))
    rally = tuple(MissionItem(5100, 3, (0.0, 0.0, 0.0, 0.0), *point) for point in plan["rallyPoints"]["points"])
    return Mission(tuple(items), tuple(fence), rally)


def read_log(path: Path) -> Flight:
    """Read a dataflash log: parameters, home, track, photos, and where the fence was breached."""
    from pymavlink import mavutil  # noqa: PLC0415

    log, flight = mavutil.mavlink_connection(str(path)), Flight()
    flown = False
    while (row := log.recv_match(type=["PARM", "POS", "CAM", "MSG", "ORGN"])) is not None:
        kind = row.get_type()
        if kind == "PARM" and not flown:
            flight.parameters[row.Name] = row.Value
        elif kind == "POS":
            flown = flown or row.RelHomeAlt > AIRBORNE_M
            flight.track.append((row.TimeUS / 1e6, row.Lat, row.Lng, row.RelHomeAlt))
        elif kind == "CAM":
            flight.photos.append((row.Lat, row.Lng))
            flight.attitudes.append((row.R, row.P, row.Y))
        elif kind == "ORGN" and flight.home == (0.0, 0.0, 0.0):
            flight.home = (row.Lng, row.Lat, row.Alt)
        elif kind == "MSG" and "fence breached" in row.Message and flight.track:
            flight.breach = flight.track[-1][1:3]
    log.close()
    return flight


def fly(mission: Mission, recorded: Flight, wind: tuple[float, float]) -> Flight:
    """Fly the mission on the embedded vehicle with the recorded vehicle's parameters."""
    known = Parameters()
    ours = ("SIM_", "BATT_", "MAV", "MIS_TOTAL", "RALLY_TOTAL", "FENCE_TOTAL")
    values = {k: v for k, v in recorded.parameters.items() if k in known and not k.startswith(ours)}
    values |= {"BATT_FS_LOW_ACT": 0.0, "BATT_FS_CRT_ACT": 0.0}
    config = VehicleConfig(
        home=recorded.home, flight_id="again", wind_m_s=wind[0], wind_from_deg=wind[1], battery_wh=5000.0,
        top_airspeed_m_s=TOP_AIRSPEED_M_S, perfect_sensors=True, gps_after_s=0.0, parameters=tuple(values.items()),
    )  # fmt: skip
    pilot, flight = Autopilot(config), Flight()
    pilot.auto.load(tuple(as_stored(item) for item in mission.items))
    pilot.load_fence(mission.fence)
    pilot.load_rally(mission.rally)
    pilot.step()
    pilot.set_mode(Mode.GUIDED)
    if pilot.arm(force=False) is not Result.ACCEPTED or pilot.start_mission() is not Result.ACCEPTED:
        words = [str(fields["text"]) for name, fields in pilot.outbox.take() if name == "statustext"]
        msg = f"the embedded vehicle does not fly it: {'; '.join(words)}"
        raise SystemExit(msg)
    state = pilot.state
    while state.armed and state.time_s < LONGEST_S:
        pilot.step()
        if state.steps % 5 == 0:
            lon, lat = state.lonlat_deg
            flight.track.append((state.time_s, lat, lon, state.height_m))
            if pilot.fence.breached and flight.breach is None:
                flight.breach = lat, lon
    flight.photos = [(photo.lat_deg, photo.lon_deg) for photo in pilot.camera.photos]
    flight.attitudes = [(photo.roll_deg, photo.pitch_deg, photo.yaw_deg) for photo in pilot.camera.photos]
    return flight


def metres(rows: Any, home: tuple[float, float, float]) -> Table:
    """Return latitudes and longitudes as metres north and east of home."""
    degrees = np.asarray(rows, dtype=float).reshape(-1, 2)
    per = np.array(Origin(*home).metres_per_degree)
    away: Table = (degrees - (home[1], home[0])) * per
    return away


def airborne(flight: Flight) -> Table:
    """Return the rows of the track in which it flies."""
    track = np.asarray(flight.track)
    up = np.flatnonzero(track[:, 3] > AIRBORNE_M)
    return np.asarray(track[up[0] : up[-1] + 1])


def off_track_m(points: Table, line: Table) -> Table:
    """Return each point's distance from a polyline."""
    start, way = line[:-1], np.diff(line, axis=0)
    length2 = np.maximum((way**2).sum(axis=1), 1e-12)
    away = np.empty(len(points))
    for i, point in enumerate(points):
        share = np.clip(((point - start) * way).sum(axis=1) / length2, 0.0, 1.0)
        away[i] = np.hypot(*(start + share[:, None] * way - point).T).min()
    return away


def apart_m(first: Table, second: Table) -> Table:
    """Return how far each photo is from its like, in the order taken; of the longer list the worst fitting are left."""
    while len(first) != len(second):
        long, short = (first, second) if len(first) > len(second) else (second, first)
        without = [np.delete(long, i, axis=0) for i in range(len(long))]
        best = min(without, key=lambda some: float(np.hypot(*(some[: len(short)] - short[: len(some)]).T).sum()))
        first, second = best, short
    return np.asarray(np.hypot(*(first - second).T)) if len(first) else np.zeros(1)


def compare(recorded: Flight, flown: Flight) -> dict[str, Any]:
    """Return the figures of one mission, and whether each is within its limit."""
    real, ours, home = airborne(recorded), airborne(flown), recorded.home
    times = float(real[-1, 0] - real[0, 0]), float(ours[-1, 0] - ours[0, 0])
    away = apart_m(metres(recorded.photos, home), metres(flown.photos, home))
    off = off_track_m(metres(ours[:, 1:3], home), metres(real[:, 1:3], home))
    found = {
        "time": abs(times[1] / times[0] - 1),
        "photos": abs(len(flown.photos) - len(recorded.photos)),
        "photo_median_m": float(np.median(away)),
        "photo_max_m": float(away.max()),
        "cross_track_m": float(off.max()),
    }
    ends = metres([real[-1, 1:3], ours[-1, 1:3]], home)
    figures: dict[str, Any] = {
        "time_s": [round(time, 1) for time in times],
        "photos": [len(recorded.photos), len(flown.photos)],
        **{name: round(value, 4) for name, value in found.items() if name != "photos"},
        "landing_apart_m": round(float(np.hypot(*(ends[0] - ends[1]))), 3),
    }
    breaches = recorded.breach, flown.breach
    if breaches != (None, None):
        known = [place for place in breaches if place is not None]
        gap = float(np.hypot(*np.subtract(*metres(known, home)))) if len(known) == 2 else None
        figures["breach_apart_m"] = gap if gap is None else round(gap, 3)
    figures["within"] = all(found[name] <= limit for name, limit in LIMITS.items()) and None not in figures.values()
    return figures


def main() -> int:
    """Fly, compare, print; exit code 1 where a figure is out of its limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mission", type=Path, metavar="FILE", help=".waypoints or .plan")
    parser.add_argument("--log", type=Path, metavar="FILE.BIN", help="the recorded flight's dataflash log")
    parser.add_argument("--wind", default="", metavar="SPEED,FROM_DEG", help="m/s and degrees; else the log's own")
    given = parser.parse_args()
    if (given.mission is None) is not (given.log is None):
        parser.error("--mission and --log go together")
    runs = [(FLIGHTS / mission, FLIGHTS / log) for mission, log in RECORDED]
    if given.mission is not None:
        runs = [(given.mission, given.log)]
    results = {}
    for path, log in runs:
        recorded = read_log(log)
        wind = [recorded.parameters.get(name, 0.0) for name in ("SIM_WIND_SPD", "SIM_WIND_DIR")]
        if given.wind:
            wind = [float(part) for part in given.wind.split(",")]
        mission = read_plan(path) if path.suffix == ".plan" else read_waypoints(path)
        figures = compare(recorded, fly(mission, recorded, (wind[0], wind[1])))
        results[path.name] = figures
        for name, value in figures.items():
            print(f"{path.name:28s} {name:18s} {value}")
    print(json.dumps({"benchmark": "fidelity", "limits": LIMITS, "flights": results}))
    return 0 if all(figures["within"] for figures in results.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
