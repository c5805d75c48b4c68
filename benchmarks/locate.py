"""From pixel to ground: how far off, how honest, how fast. Every figure says what it was measured on.

``python -m benchmarks.locate [--truth DIR] [--photos DIR] [--flights N] [--quick]``; the last line of stdout is one
JSON object. DIR holds frames, ``dsm.tif`` and ``truth.csv`` (image, column_px, row_px, lon_deg, lat_deg).
"""

import argparse
import json
import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from benchmarks.boxed import BOX_PX, CAMERA, FRAME, city_day, patrol, scaled, sigma_columns, town
from dronepatrol.geo.ellipse import CHI2_95_2D, ellipse95
from dronepatrol.geo.ground import pixels_to_ground
from dronepatrol.geo.local import LocalFrame
from dronepatrol.geo.rotation import camera_to_ned, heading_deg, tilted
from dronepatrol.issues.confidence import MIN_SUPPORT, chances, support
from dronepatrol.issues.find import find_issues
from dronepatrol.issues.merge import merge
from dronepatrol.locate.adjust import Source, adjust
from dronepatrol.locate.corrections import adjusted_shots
from dronepatrol.locate.gain import Gain
from dronepatrol.locate.heights import Levels, over_level_ground, over_terrain
from dronepatrol.locate.observe import Site, ground_below, observe
from dronepatrol.locate.project import Placed, place
from dronepatrol.locate.surface import Grid, Level
from dronepatrol.locate.view import Views, views_of
from dronepatrol.model.altitude import AltitudeReference
from dronepatrol.model.progress import silent
from dronepatrol.model.tables import SHOTS
from dronepatrol.patrol.ingest import ingest_photos
from dronepatrol.sim.noise import NOISE, SensorNoise, flight_bias, photo_error
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.terrain.raster import RasterTerrain

DATA = Path(os.environ.get("DRONEPATROL_TESTDATA", Path(__file__).parents[2] / "shared" / "data")) / "imagery"
PHOTOS_PER_FLIGHT, PIXELS_PER_PHOTO = 12, 8
Floats = NDArray[np.float64]


def shots_of(photos: Path) -> tuple[pd.DataFrame, list[Path]]:
    """Return the shots of a folder's photos by their own headers, and their files."""
    with TemporaryDirectory() as folder:
        shots, _ = ingest_photos(PatrolFolder(Path(folder)), photos, 1, silent)
    return shots, [Path(photo) for photo in shots["photo"]]


def whole(points: Placed) -> Floats:
    """Return (n, 3) covariances of the photo and what is shared together."""
    return np.asarray(points.photo_m2 + points.shared_m2)


def squared(error: Floats, covariance: Floats) -> Floats:
    """Return (n,) normalised squared errors."""
    ee, en, nn = covariance.T
    x, y = error.T
    return np.asarray((nn * x * x - 2 * en * x * y + ee * y * y) / (ee * nn - en * en))


def on_truth(folder: Path) -> dict[str, Any]:
    """Place the truth set's pixels on its surface model, by the frames' own metadata, and compare."""
    truth = pd.read_csv(folder / "truth.csv")
    shots, paths = shots_of(folder)
    terrain = RasterTerrain(folder / "dsm.tif")
    site = Site(0.0, terrain, terrain.step_m, 0.5)
    levels = over_terrain(shots, terrain, AltitudeReference.ELLIPSOID, {})
    result = _truth_figures(shots, levels, truth, site)
    frame = LocalFrame.around(shapely.MultiPoint(shots[["lon_deg", "lat_deg"]].to_numpy()))
    views = views_of(shots, frame, levels.up_m, (levels.sigma_m, levels.bias_sigma_m))
    table, gain, _ = adjust(Source(shots, paths, levels, ground_below(views, site), frame), 2, silent)
    after = adjusted_shots(shots, table)
    levels = over_terrain(after, terrain, AltitudeReference.ELLIPSOID, {})
    result["adjusted"] = {"frames_held": gain.adjusted, "ties": gain.ties} | _truth_figures(after, levels, truth, site)
    result["used"] = (
        f"{len(paths)} frames, {len(truth)} points; EXIF position, gimbal attitude, DewarpData, dsm.tif (heights taken "
        "as ellipsoidal, 1 sigma 0.5 m: made from these flights); sigmas of ingest.accuracy and locate.heights"
    )
    return result


def _truth_figures(shots: pd.DataFrame, levels: Levels, truth: pd.DataFrame, site: Site) -> dict[str, Any]:
    frame = LocalFrame.around(shapely.MultiPoint(shots[["lon_deg", "lat_deg"]].to_numpy()))
    views = views_of(shots, frame, levels.up_m, (levels.sigma_m, levels.bias_sigma_m))
    which = pd.Index(shots["shot_id"].map(lambda name: Path(name).name)).get_indexer(truth["image"]).astype(np.intp)
    pixels, zero = truth[["column_px", "row_px"]].to_numpy(dtype=float), np.zeros(len(truth))
    found = place(views, which, pixels, ground_below(views, site), box_px=0.5, above_m=zero, above_sigma_m=zero)
    error = found.en_m - frame.to_metres(truth[["lon_deg", "lat_deg"]].to_numpy(dtype=float))
    located = np.isfinite(error).all(axis=1)
    distance, off2 = np.linalg.norm(error[located], axis=1), squared(error[located], whole(found)[located])
    by_frame = {
        str(name): round(float(np.median(np.linalg.norm(error[rows & located], axis=1))), 2)
        for name in truth["image"].unique()
        if (rows := (truth["image"] == name).to_numpy()).any()
    }
    return {
        "points": len(truth),
        "located": int(located.sum()),
        "median_m": round(float(np.median(distance)), 2),
        "p90_m": round(float(np.quantile(distance, 0.9)), 2),
        "inside_95_share": round(float((off2 < CHI2_95_2D).mean()), 4),
        "semi_major_median_m": round(float(np.median(ellipse95(whole(found)[located])[:, 0])), 2),
        "median_m_by_frame": by_frame,
        "heights": sorted({str(one) for one in levels.method}),
    }


def block(photos: Path) -> dict[str, Any]:
    """Adjust a block of real photos and say how well they agree, on tie points that the solve has not seen."""
    shots, paths = shots_of(photos)
    started, spent = time.perf_counter(), time.process_time()
    gain = _adjusted(shots, paths)
    return _rounded(gain) | {
        "seconds": round(time.perf_counter() - started, 1),
        "cpu_seconds": round(time.process_time() - spent, 1),
        "used": f"{len(paths)} photos of {photos.name}, level ground at take-off height; no word on which are turned",
    }


def _adjusted(shots: pd.DataFrame, paths: list[Path]) -> Gain:
    frame = LocalFrame.around(shapely.MultiPoint(shots[["lon_deg", "lat_deg"]].to_numpy()))
    plain = shots.assign(quality="", yaw_sigma_deg=np.minimum(shots["yaw_sigma_deg"], 2.0))
    return adjust(Source(plain, paths, over_level_ground(shots), Level(0.0, 1.0, "level"), frame), 2, silent)[1]


def _rounded(gain: Gain) -> dict[str, Any]:
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(gain).items()}


def five_hundred(photos: Path) -> dict[str, Any]:
    """Time the adjustment of 504 photos: the block 28 times, a kilometre apart each."""
    one, paths = shots_of(photos)
    copies = [one.assign(shot_id=one["shot_id"] + f"/{n}", flight_id=f"f{n}", lon_deg=one["lon_deg"] + 0.013 * (n % 6),
                         lat_deg=one["lat_deg"] + 0.009 * (n // 6)) for n in range(-(-500 // len(one)))]  # fmt: skip
    started, spent = time.perf_counter(), time.process_time()
    gain = _adjusted(pd.concat(copies, ignore_index=True), paths * len(copies))
    return {
        "photos": len(one) * len(copies),
        "adjusted": gain.adjusted,
        "after_median_m": round(gain.after_median_m, 3),
        "seconds": round(time.perf_counter() - started, 1),
        "cpu_seconds": round(time.process_time() - spent, 1),
        "used": f"{len(copies)} copies of {photos.name}, each a kilometre from the next; 2 threads",
    }


def flown(flights: int, seed: int, noise: SensorNoise) -> dict[str, Any]:
    """Place random pixels of simulated flights, geometry only, and compare errors with what was said of them."""
    rng = np.random.default_rng(seed)
    n = flights * PHOTOS_PER_FLIGHT
    angles = np.stack([rng.uniform(-180, 180, n), rng.uniform(-90, -60, n), np.zeros(n)], axis=-1)
    height, place_m = rng.uniform(40, 120, n), rng.uniform(-300, 300, (n, 2))
    errors = np.array([_errors(noise, seed, number) for number in range(n)])
    turns = np.radians(errors[:, 3:])
    true = tilted(camera_to_ned(*angles.T), np.radians(heading_deg(*angles.T)), *turns.T)
    which = np.repeat(np.arange(n), PIXELS_PER_PHOTO)
    pixels = rng.uniform((0, 0), CAMERA.image_wh, (len(which), 2))
    real = place_m[which] + pixels_to_ground(CAMERA, true[which], height[which], pixels)
    sensed = place_m + errors[:, :2]
    views = views_of(_flown_shots(sensed, height + errors[:, 2], angles), FRAME, height + errors[:, 2], _level(n))
    boxes = pixels + rng.normal(0, BOX_PX, pixels.shape)
    zero = np.zeros(len(which))
    level = Level(0.0, 0.0, "level")
    found = place(views, which.astype(np.intp), boxes, level, box_px=BOX_PX, above_m=zero, above_sigma_m=zero)
    error = found.en_m - real
    known = np.isfinite(error).all(axis=1)
    flight = which // PHOTOS_PER_FLIGHT
    each = np.bincount(flight[known], squared(error[known], whole(found)[known]), flights) / np.bincount(flight[known])
    mean = np.stack([np.bincount(flight[known], error[known, k], flights) / np.bincount(flight[known]) for k in (0, 1)])
    standard = mean.std(axis=1, ddof=1) / np.sqrt(flights)
    nees = float(each.mean())
    return {
        "flights": flights,
        "points": int(known.sum()),
        "normalised_error_squared": round(nees, 3),
        "its_standard_error": round(float(each.std(ddof=1) / np.sqrt(flights)), 3),
        "mean_error_in_standard_errors": [round(float(value), 2) for value in mean.mean(axis=1) / standard],
        "verdict": "as the table says" if abs(nees - 2) <= 0.2 else f"{'worse' if nees > 2 else 'better'} than it says",
    }


def _errors(noise: SensorNoise, seed: int, number: int) -> tuple[float, ...]:
    """Return east, north, height (m), roll, pitch, turn (deg) of a photo, by the simulator's own noise."""
    flight = f"flight{number // PHOTOS_PER_FLIGHT}"
    bias, own = flight_bias(noise, seed, flight), photo_error(noise, seed, flight, number % PHOTOS_PER_FLIGHT + 1)
    position = (bias.east_m + own.east_m, bias.north_m + own.north_m, bias.height_m + own.height_m)
    return (*position, own.tilt_roll_deg, own.tilt_pitch_deg, own.turn_deg)


def _level(count: int) -> tuple[Floats, Floats]:
    said = sigma_columns()
    return np.full(count, said["height_sigma_m"]), np.full(count, said["height_bias_sigma_m"])


def _flown_shots(sensed: Floats, height: Floats, angles: Floats) -> pd.DataFrame:
    lonlat = FRAME.to_lonlat(sensed)
    table = pd.DataFrame({name: "" if kind == "str" else 0.0 for name, kind in SHOTS.columns.items()},
                         index=range(len(sensed))).assign(**sigma_columns())  # fmt: skip
    table["lon_deg"], table["lat_deg"], table["height_m"] = lonlat[:, 0], lonlat[:, 1], height
    table["time_utc"] = pd.NaT
    for axis, name in enumerate(("yaw_deg", "pitch_deg", "roll_deg")):
        table[name] = angles[:, axis]
    return table.assign(fx_px=CAMERA.fx_px, fy_px=CAMERA.fy_px, cx_px=CAMERA.cx_px, cy_px=CAMERA.cy_px,
                        image_width_px=CAMERA.image_wh[0], image_height_px=CAMERA.image_wh[1])  # fmt: skip


def boxed(seeds: int) -> dict[str, Any]:
    """Merge boxed patrols with known things and count things found twice and things swallowed by others."""
    kept = duplicates = seen = lost = rows_seen = rows_lost = 0
    for seed in range(seeds):
        things, kinds = town(seed)
        made = patrol(things, kinds, 3, seed)
        observations, _ = observe(made.detections, made.shots, object_height_m={})
        clusters = merge(observations, made.shots)
        places = FRAME.to_metres([(one.lon_deg, one.lat_deg) for one in clusters])
        things_in = [[made.thing_of[name] for name in one.observation_ids] for one in clusters]
        owner = np.array([np.bincount(one).argmax() for one in things_in])
        hits = np.array([len(one.observation_ids) for one in clusters], dtype=np.intp)
        good = support(hits, chances(places, made.shots, FRAME)) >= MIN_SUPPORT
        own, all_seen = set(owner[good].tolist()), set(made.thing_of.values())
        kept, duplicates = kept + int(good.sum()), duplicates + int(good.sum()) - len(own)
        seen, lost = seen + len(all_seen), lost + len(all_seen - own)
        in_rows = {thing for thing in all_seen if thing >= 60}
        rows_seen, rows_lost = rows_seen + len(in_rows), rows_lost + len(in_rows - own)
    return {
        "seeds": seeds,
        "issues": kept,
        "duplicate_share": round(duplicates / kept, 4),
        "merged_share": round(lost / seen, 4),
        "merged_share_at_3_m": round(rows_lost / rows_seen, 4),
        "used": "boxes alone: 60 things anywhere and 4 rows of 6 at 3 m, 3 flights with biases, a tenth missed",
    }


def rates(truth: Path | None) -> dict[str, Any]:
    """Measure pixels per second of processor time to level ground and to a terrain model, covariances included."""
    rng = np.random.default_rng(0)
    angles = np.column_stack([rng.uniform(-180, 180, 50), rng.uniform(-90, -60, 50), np.zeros(50)])
    shots = _flown_shots(rng.uniform(-200, 200, (50, 2)), np.full(50, 100.0), angles).assign(k1=-0.26, k2=0.11, p1=9e-4)
    views = views_of(shots, FRAME, np.full(50, 100.0), _level(50))
    east, north = np.meshgrid(np.arange(-600, 600, 2.0), np.arange(-600, 600, 2.0))
    hills = Grid((-600.0, -600.0), 2.0, 12 * np.sin(east / 90) * np.cos(north / 70), 2.0, "made-up hills")
    result: dict[str, Any] = {
        "flat_pixels_per_s": _rate(views, Level(0.0, 1.0, "level"), 1_000_000),
        "dem_pixels_per_s": _rate(views, hills, 200_000),
        "used": "one thread's processor time, Brown's distortion; level ground; made-up hills of 12 m every 2 m",
    }
    if truth is not None:
        shots, terrain = shots_of(truth)[0], RasterTerrain(truth / "dsm.tif")
        frame = LocalFrame.around(shapely.MultiPoint(shots[["lon_deg", "lat_deg"]].to_numpy()))
        levels = over_terrain(shots, terrain, AltitudeReference.ELLIPSOID, {})
        views = views_of(shots, frame, levels.up_m, (levels.sigma_m, levels.bias_sigma_m))
        ground = ground_below(views, Site(0.0, terrain, terrain.step_m, 0.5))
        result["dsm_pixels_per_s"] = _rate(views, ground, 200_000)
    return result


def _rate(views: Views, ground: Grid | Level | Any, count: int) -> int:
    rng = np.random.default_rng(1)
    which = rng.integers(0, len(views.enu_m), count).astype(np.intp)
    pixels, zero = rng.uniform((0, 0), views.cameras[0].image_wh, (count, 2)), np.zeros(count)
    best = 0.0
    for _ in range(3):
        spent = time.process_time()
        place(views, which, pixels, ground, box_px=1.5, above_m=zero, above_sigma_m=zero)
        best = max(best, count / (time.process_time() - spent))
    return round(best)


def _merging(count: int) -> dict[str, Any]:
    observations, shots, things = city_day(count, 0)
    started, spent = time.perf_counter(), time.process_time()
    issues = find_issues("city", observations, shots, {})
    return {
        "observations": len(observations),
        "photos": len(shots),
        "things": things,
        "issues": len(issues),
        "seconds": round(time.perf_counter() - started, 1),
        "cpu_seconds": round(time.process_time() - spent, 1),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "used": "made-up boxes of one day, 40 flights; whole process, tables included",
    }


def alone(work: Callable[[int], dict[str, Any]], argument: int) -> dict[str, Any]:
    """Run in a process of its own, so that its memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, (argument,))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--truth", type=Path, default=DATA / "p4rtk_truth", help="frames, dsm.tif, truth.csv")
    parser.add_argument("--photos", type=Path, default=DATA / "brighton_beach_dji_fc300s", help="a block of photos")
    parser.add_argument("--flights", type=int, default=1000, help="simulated flights")
    parser.add_argument("--quick", action="store_true", help="leave out the 500 photos and the 430,000 observations")
    asked = parser.parse_args()
    truth = asked.truth if asked.truth.is_dir() else None
    figures: dict[str, Any] = {"benchmark": "locate", "load_average": [round(one, 1) for one in os.getloadavg()]}
    steps: dict[str, Callable[[], dict[str, Any]]] = {
        "truth": lambda: on_truth(asked.truth),
        "block": lambda: block(asked.photos),
        "simulated": lambda: (
            flown(asked.flights, 1, NOISE)
            | {"used": "geometry only; noise of sim.noise, sigmas of ingest.accuracy; averaged per flight first"}
        ),
        "simulated_noise_1_5": lambda: flown(asked.flights, 2, scaled(NOISE, 1.5)),
        "merged": lambda: boxed(20),
        "speed": lambda: rates(truth),
    }
    if not asked.quick:
        steps["speed_merging"] = lambda: alone(_merging, 430_000)
        steps["speed_adjusting"] = lambda: five_hundred(asked.photos)
    for name, step in steps.items():
        needs = {"truth": asked.truth, "block": asked.photos, "speed_adjusting": asked.photos}.get(name)
        figures[name] = step() if needs is None or needs.is_dir() else {"left_out": f"there is no {needs}"}
        print(f"{name}: {figures[name]}", flush=True)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
