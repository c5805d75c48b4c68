"""A synthetic patrol of geometry only: known things, flights with biases, photos with noise, boxes with jitter."""

from collections.abc import Callable
from dataclasses import dataclass

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

from dronepatrol.geo.ground import footprint, ground_to_pixels
from dronepatrol.geo.local import LocalFrame
from dronepatrol.geo.rotation import camera_to_ned, tilted
from dronepatrol.model.camera import Camera
from dronepatrol.model.tables import DETECTIONS, SHOTS

FRAME = LocalFrame(121.0824, 30.8230)
CAMERA = Camera.pinhole((2048, 1536), 1500.0)
HEIGHT_M = 75.0


@dataclass(frozen=True)
class Noise:
    """1-sigma noise of the synthetic flights; ``table`` scales what the shots table says of it."""

    position_m: float = 1.0
    position_bias_m: float = 1.0
    height_m: float = 0.5
    height_bias_m: float = 1.0
    yaw_deg: float = 2.0
    tilt_deg: float = 0.7
    box_px: float = 1.5
    miss_share: float = 0.1
    table: float = 1.0


@dataclass(frozen=True)
class Patrol:
    """What was flown, and what is really there: ``truth_m`` (n, 2), and the thing behind each detection."""

    shots: geopandas.GeoDataFrame
    detections: pd.DataFrame
    truth_m: np.ndarray
    thing_of: dict[str, int]
    frame: LocalFrame = FRAME


def lanes(flights: int, *, wide_m: float, deep_m: float, step_m: float = 30.0, lane_m: float = 50.0) -> list[tuple]:
    """Return (flight, east, north, heading) of photos on lanes over [0, wide] x [0, deep], flights side by side."""
    count = int(np.ceil(wide_m / lane_m)) + 1
    poses = []
    for lane in range(count):
        flight, heading = lane * flights // count, 0.0 if lane % 2 == 0 else 180.0
        poses += [(flight, lane * lane_m, north, heading) for north in np.arange(-30.0, deep_m + 31.0, step_m)]
    return poses


def fly(truth_m: np.ndarray, poses: list[tuple], seed: int, noise: Noise = Noise(), kinds=None) -> Patrol:
    """Return the shots and detections of photos taken at ``poses`` of things at ``truth_m``."""
    rng = np.random.default_rng(seed)
    kinds = np.array(["car"] * len(truth_m)) if kinds is None else np.asarray(kinds)
    biases = {}
    shots, found, thing_of = [], [], {}
    for number, (flight, east, north, heading) in enumerate(poses):
        if flight not in biases:
            biases[flight] = (rng.normal(0, noise.position_bias_m, 2), rng.normal(0, noise.height_bias_m))
        bias, height_bias = biases[flight]
        sensed = np.array([east, north]) + bias + rng.normal(0, noise.position_m, 2)
        height = HEIGHT_M + height_bias + rng.normal(0, noise.height_m)
        rotation = camera_to_ned(heading, -90.0, 0.0)
        tilts = np.radians(rng.normal(0, [noise.tilt_deg, noise.tilt_deg, noise.yaw_deg]))
        true = tilted(rotation, np.radians(heading), *tilts)
        pixels = ground_to_pixels(CAMERA, true, HEIGHT_M, truth_m - (east, north))
        shot_id = f"shot{number:04d}"
        shots.append(_shot(shot_id, flight, sensed, height, heading, rotation, noise))
        inside = ((pixels > 10) & (pixels < np.array(CAMERA.image_wh) - 10)).all(axis=1)
        for thing in np.flatnonzero(inside):
            if rng.random() < noise.miss_share:
                continue
            x, y = pixels[thing] + rng.normal(0, noise.box_px, 2)
            name = f"{shot_id}#{thing}"
            thing_of[name] = int(thing)
            found.append((name, shot_id, kinds[thing], 0.8, x - 20, y - 40, x + 20, y + 40, "synthetic", "", ""))
    table = pd.DataFrame(found, columns=list(DETECTIONS.columns))
    return Patrol(geopandas.GeoDataFrame(shots, geometry="geometry", crs="EPSG:4326"), table, truth_m, thing_of)


def _shot(shot_id, flight, sensed, height, heading, rotation, noise) -> dict[str, object]:
    lon, lat = FRAME.to_lonlat(sensed)
    row = dict.fromkeys(SHOTS.columns, 0.0) | dict.fromkeys(
        [name for name, kind in SHOTS.columns.items() if kind == "str"], ""
    )
    t = noise.table
    return row | {
        "shot_id": shot_id,
        "flight_id": f"flight{flight}",
        "photo": f"photos/{shot_id}.jpg",
        "time_utc": pd.Timestamp("2026-11-20T01:00:00Z") + pd.Timedelta(seconds=3 * int(shot_id[4:])),
        "lon_deg": lon,
        "lat_deg": lat,
        "height_m": height,
        "yaw_deg": heading,
        "pitch_deg": -90.0,
        "attitude_of": "camera",
        "position_sigma_m": noise.position_m * t,
        "position_bias_sigma_m": noise.position_bias_m * t,
        "height_sigma_m": noise.height_m * t,
        "height_bias_sigma_m": noise.height_bias_m * t,
        "yaw_sigma_deg": noise.yaw_deg * t,
        "pitch_sigma_deg": noise.tilt_deg * t,
        "roll_sigma_deg": noise.tilt_deg * t,
        "image_width_px": CAMERA.image_wh[0],
        "image_height_px": CAMERA.image_wh[1],
        "fx_px": CAMERA.fx_px,
        "fy_px": CAMERA.fy_px,
        "cx_px": CAMERA.cx_px,
        "cy_px": CAMERA.cy_px,
        "geometry": shapely.Polygon(FRAME.to_lonlat(sensed + footprint(CAMERA, rotation, height))),
    }


@pytest.fixture(scope="session")
def synthetic() -> Callable[..., Patrol]:
    """Return a function that flies a synthetic patrol: (truth_m, flights, seed, **noise) to a Patrol."""

    def make(truth_m, *, flights: int = 2, seed: int = 0, kinds=None, **noise: float) -> Patrol:
        truth = np.asarray(truth_m, dtype=float)
        wide, deep = truth.max(axis=0)
        return fly(truth, lanes(flights, wide_m=float(wide), deep_m=float(deep)), seed, Noise(**noise), kinds)

    return make
