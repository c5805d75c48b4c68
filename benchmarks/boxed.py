"""Patrols of boxes alone, nothing rendered: known things, flights with biases, photos with noise, boxes with jitter.

The noise is the simulator's (``dronepatrol.sim.noise``); what is said of it in the shots is ingest's own table of
sigmas (``dronepatrol.ingest.accuracy``), which knows nothing of the simulator.
"""

from dataclasses import dataclass

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from dronepatrol.geo.ground import footprint, ground_to_pixels
from dronepatrol.geo.local import LocalFrame
from dronepatrol.geo.rotation import camera_to_ned, tilted
from dronepatrol.ingest import accuracy
from dronepatrol.model.camera import Camera
from dronepatrol.model.tables import DETECTIONS, SHOTS
from dronepatrol.sim.noise import NOISE, SensorNoise, flight_bias, photo_error

Floats = NDArray[np.float64]

FRAME = LocalFrame(121.0824, 30.8230)
CAMERA = Camera.pinhole((2048, 1536), 1500.0)
HEIGHT_M = 75.0
BOX_PX = 1.5
MISS_SHARE = 0.1
_STEP_M, _LANE_M = 30.0, 50.0


@dataclass(frozen=True, slots=True)
class Patrol:
    """What was flown, and the thing behind each detection."""

    shots: geopandas.GeoDataFrame
    detections: pd.DataFrame
    thing_of: dict[str, int]


def scaled(noise: SensorNoise, factor: float) -> SensorNoise:
    """Return the noise, every sigma times a factor."""
    return SensorNoise(*(factor * float(getattr(noise, name)) for name in SensorNoise.__dataclass_fields__))


def sigma_columns() -> dict[str, float]:
    """Return what ingest says of a photo with single GNSS, a gimbal and a calibrated camera."""
    gnss = accuracy.single_gnss()
    return {
        "position_sigma_m": gnss.photo_m,
        "position_bias_sigma_m": gnss.flight_m,
        "height_sigma_m": accuracy.HEIGHT_M,
        "height_bias_sigma_m": accuracy.HEIGHT_BIAS_M,
        "yaw_sigma_deg": accuracy.YAW_DEG,
        "pitch_sigma_deg": accuracy.TILT_DEG,
        "roll_sigma_deg": accuracy.TILT_DEG,
        "focal_sigma_share": accuracy.DEWARP_SHARE,
    }


def patrol(things_m: Floats, kinds: NDArray[np.str_], flights: int, seed: int, noise: SensorNoise = NOISE) -> Patrol:
    """Return a patrol in lanes over things at (n, 2) metres, its lanes shared out among flights."""
    rng = np.random.default_rng(seed)
    wide, deep = things_m.max(axis=0)
    lanes = int(np.ceil(wide / _LANE_M)) + 1
    shots, found, thing_of = [], [], {}
    for lane in range(lanes):
        flight, heading = f"flight{lane * flights // lanes}", 0.0 if lane % 2 == 0 else 180.0
        bias = flight_bias(noise, seed, flight)
        for step, north in enumerate(np.arange(-_STEP_M, deep + _STEP_M + 1, _STEP_M)):
            error = photo_error(noise, seed, flight, 1000 * lane + step + 1)
            place = np.array([lane * _LANE_M, north])
            sensed = place + np.array([bias.east_m + error.east_m, bias.north_m + error.north_m])
            height = HEIGHT_M + bias.height_m + error.height_m
            rotation = camera_to_ned(heading, -90.0, 0.0)
            turns = np.radians([error.tilt_roll_deg, error.tilt_pitch_deg, error.turn_deg])
            pixels = ground_to_pixels(CAMERA, tilted(rotation, np.radians(heading), *turns), HEIGHT_M, things_m - place)
            name = f"s{lane:03d}-{step:03d}"
            shots.append(_shot(name, flight, sensed, height, heading, rotation))
            inside = ((pixels > 10) & (pixels < np.array(CAMERA.image_wh) - 10)).all(axis=1)
            for thing in np.flatnonzero(inside & (rng.random(len(things_m)) > MISS_SHARE)).tolist():
                x, y = pixels[thing] + rng.normal(0, BOX_PX, 2)
                thing_of[f"{name}#{thing}"] = thing
                box = (x - 20, y - 40, x + 20, y + 40)
                found.append((f"{name}#{thing}", name, kinds[thing], 0.8, *box, "boxed", "", ""))
    table = pd.DataFrame(found, columns=list(DETECTIONS.columns))
    return Patrol(geopandas.GeoDataFrame(shots, geometry="geometry", crs="EPSG:4326"), table, thing_of)


def _shot(name: str, flight: str, sensed: Floats, height: float, heading: float, rotation: Floats) -> dict[str, object]:
    lon, lat = FRAME.to_lonlat(sensed)
    row: dict[str, object] = {column: "" if kind == "str" else 0.0 for column, kind in SHOTS.columns.items()}
    lane, step = int(name[1:4]), int(name[5:])
    when = pd.Timestamp("2026-11-20T01:00:00Z") + pd.Timedelta(seconds=600 * lane + 60 * step)
    row |= {"shot_id": name, "flight_id": flight, "photo": f"{name}.jpg", "time_utc": when, "attitude_of": "camera"}
    row |= {"lon_deg": lon, "lat_deg": lat, "height_m": height, "yaw_deg": heading, "pitch_deg": -90.0}
    row |= {"image_width_px": CAMERA.image_wh[0], "image_height_px": CAMERA.image_wh[1]}
    row |= {"fx_px": CAMERA.fx_px, "fy_px": CAMERA.fy_px, "cx_px": CAMERA.cx_px, "cy_px": CAMERA.cy_px}
    corners = FRAME.to_lonlat(sensed + footprint(CAMERA, rotation, height))
    return row | sigma_columns() | {"geometry": shapely.Polygon(corners)}


def town(seed: int) -> tuple[Floats, NDArray[np.str_]]:
    """Return 60 things anywhere and four rows of six at 3 m, and their kinds: 300 by 260 m with 84 problems."""
    rng = np.random.default_rng(seed)
    places, kinds = [rng.uniform((0, 0), (300, 260), (60, 2))], rng.choice(["car", "garbage", "clutter"], 60).tolist()
    for row in range(4):
        azimuth, start = np.radians(rng.uniform(0, 180)), rng.uniform((40, 40), (260, 220))
        step = 3.0 * np.array([np.sin(azimuth), np.cos(azimuth)])
        places.append(start + step * np.arange(6)[:, None])
        kinds += [("car", "shared_bike")[row % 2]] * 6
    return np.clip(np.vstack(places), 0, None), np.array(kinds)


def city_day(observations: int, seed: int) -> tuple[geopandas.GeoDataFrame, geopandas.GeoDataFrame, int]:
    """Return about so many observations of a city's day as tables, with the shots' footprints and how many things."""
    from scipy.spatial import cKDTree  # noqa: PLC0415

    rng = np.random.default_rng(seed)
    wide, long = 102.0, 77.0
    count = int(observations / (wide * long / (_STEP_M * _LANE_M) * 0.86))
    side = 18.0 * float(np.sqrt(count))
    things = rng.uniform(0, side, (count, 2))
    east, north = (grid.ravel() for grid in np.meshgrid(np.arange(0, side + _LANE_M, _LANE_M),
                                                        np.arange(0, side + _STEP_M, _STEP_M)))  # fmt: skip
    place = np.stack([east, north], axis=-1)
    flight = (40 * east / (side + _LANE_M + 1)).astype(int)
    shift = rng.normal(0, 1.0, (40, 2))[flight] + rng.normal(0, 1.4, (len(place), 2))
    turn = rng.normal(0, np.radians(2.0), len(place))
    near = cKDTree(things).query_ball_point(place, np.hypot(wide, long) / 2)
    shot = np.repeat(np.arange(len(place)), [len(one) for one in near])
    thing = np.concatenate([np.asarray(one, dtype=int) for one in near])
    away = things[thing] - place[shot]
    seen = (np.abs(away) < (wide / 2 - 1, long / 2 - 1)).all(axis=1) & (rng.random(len(shot)) > MISS_SHARE)
    shot, thing, away = shot[seen], thing[seen], away[seen]
    turned = np.stack([-away[:, 1], away[:, 0]], axis=-1) * turn[shot][:, None]
    where = FRAME.to_lonlat(things[thing] + shift[shot] + turned + rng.normal(0, 0.1, away.shape))
    names = np.char.add("s", np.char.zfill(np.arange(len(place)).astype(str), 6))
    spread = 1.4**2 + (np.radians(2.0) * np.linalg.norm(away, axis=1)) ** 2
    kinds = rng.choice(["car", "garbage", "clutter", "shared_bike"], count)
    columns = {
        "observation_id": np.char.add(np.char.add(names[shot], "#"), thing.astype(str)), "shot_id": names[shot],
        "flight_id": np.char.add("f", flight[shot].astype(str)), "photo": "boxed.jpg",
        "time_utc": pd.Timestamp("2026-11-20T01:00:00Z") + pd.to_timedelta(3 * shot, unit="s"), "kind": kinds[thing],
        "score": 0.8, "x1_px": 0.0, "y1_px": 0.0, "x2_px": 80.0, "y2_px": 40.0, "length_m": 4.0, "width_m": 2.0,
        "gsd_m": 0.05, "off_nadir_deg": 20.0, "photo_ee_m2": spread, "photo_en_m2": 0.0, "photo_nn_m2": spread,
        "bias_ee_m2": 1.0, "bias_en_m2": 0.0, "bias_nn_m2": 1.0, "method": "boxed", "track_id": "",
    }  # fmt: skip
    corner = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (wide / 2, long / 2)
    askew = corner + np.stack([-corner[:, 1], corner[:, 0]], axis=-1) * turn[:, None, None]
    frames = shapely.polygons(FRAME.to_lonlat(place[:, None] + shift[:, None] + askew))
    shots = geopandas.GeoDataFrame(
        {"shot_id": names, "photo": "boxed.jpg", "quality": ""}, geometry=frames, crs="EPSG:4326"
    )
    table = geopandas.GeoDataFrame(columns, geometry=shapely.points(where), crs="EPSG:4326")
    return table, shots, len(np.unique(thing))
