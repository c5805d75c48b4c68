"""Detections to observations on the ground: ``observations.parquet``, and the photos' adjustment where asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from dronepatrol.errors import DronePatrolError, InputError
from dronepatrol.geo.ellipse import radius95_m
from dronepatrol.geo.local import LocalFrame
from dronepatrol.issues.taxonomy import load_taxonomy
from dronepatrol.locate.adjust import Source, adjust
from dronepatrol.locate.control import read_controls
from dronepatrol.locate.corrections import adjusted_shots, of_poses
from dronepatrol.locate.evidence import evidence_table, who_sees
from dronepatrol.locate.gain import Gain
from dronepatrol.locate.heights import Levels, TakeOff, over_level_ground, over_terrain
from dronepatrol.locate.observe import Site, ground_below, observe
from dronepatrol.locate.odm import read_poses
from dronepatrol.locate.view import views_of
from dronepatrol.model.altitude import AltitudeReference
from dronepatrol.model.batch import Skipped
from dronepatrol.model.progress import Progress, Report
from dronepatrol.model.tables import ADJUSTMENT, DETECTIONS, OBSERVATIONS, SHOTS, TRACK
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.mission import read_mission
from dronepatrol.store.tables import read_table, write_table
from dronepatrol.terrain.raster import RasterTerrain

RELIEF_M = 1.0
"""1 sigma by which ground without a terrain model departs from level: an assumption for the Pinghu plain."""


@dataclass(frozen=True, slots=True)
class LocateOptions:
    """What locating may be told.

    ``dem`` is a terrain or surface model; its heights are counted from ``dem_heights`` (None: as its CRS says, else
    above sea level). ``geoid`` is the height of the geoid above the ellipsoid: metres, or a GeoTIFF of them.
    ``takeoff`` (lon, lat) is where all flights took off. ``controls`` is a list of control points, which asks for an
    adjustment. ``poses`` are an OpenDroneMap run's, and take an adjustment's place.
    """

    dem: Path | None = None
    dem_heights: AltitudeReference | None = None
    dem_sigma_m: float | None = None
    geoid: str = ""
    takeoff: tuple[float, float] | None = None
    relief_m: float = RELIEF_M
    adjust: bool = False
    controls: Path | None = None
    poses: Path | None = None
    jobs: int = 1


@dataclass(frozen=True, slots=True)
class Located:
    """What came of it; ``notes`` are what a reader should know of whole flights, ``gain`` of an adjustment."""

    observations: pd.DataFrame
    skipped: list[Skipped]
    notes: tuple[str, ...]
    gain: Gain | None
    median_error95_m: float | None


def locate(folder: PatrolFolder, report: Report, options: LocateOptions | None = None) -> Located:
    """Place every detection on the ground, with its uncertainty; what cannot be placed is named.

    An adjustment that the folder already has is used; a new one replaces it.
    """
    options = options or LocateOptions()
    shots = read_table(folder.shots, SHOTS)
    detections = read_table(folder.detections, DETECTIONS)
    terrain = RasterTerrain(options.dem) if options.dem else None
    site = _site(terrain, options)
    take_offs = _take_offs(folder, shots, options)
    gain: Gain | None = None
    skipped: list[Skipped] = []
    notes: list[str] = []
    if options.poses:
        note, skipped = _with_poses(folder, shots, options)
        notes.append(note)
    elif options.adjust or options.controls:
        gain, skipped = _adjust(folder, shots, (site, take_offs, options), report)
    if folder.adjustment.exists():
        shots = adjusted_shots(shots, read_table(folder.adjustment, ADJUSTMENT))
    report(Progress("locate", 0, len(detections)))
    levels = _levels(shots, terrain, take_offs, options)
    heights = load_taxonomy().object_height_m
    observations, not_placed = observe(detections, shots, object_height_m=heights, site=site, levels=levels)
    write_table(folder.observations, observations, OBSERVATIONS)
    report(Progress("locate", len(detections), len(detections)))
    return Located(
        observations,
        [*skipped, *not_placed],
        (*notes, *_notes(shots, levels, site)),
        gain,
        _median_error(observations),
    )


def _with_poses(folder: PatrolFolder, shots: pd.DataFrame, options: LocateOptions) -> tuple[str, list[Skipped]]:
    """Keep the poses of another program's run as the folder's adjustment; return what was done."""
    assert options.poses is not None
    if options.adjust or options.controls:
        msg = "--poses and --adjust both say where photos were taken"
        raise InputError(msg, hint="give one of them; --poses needs no adjustment, its program made one")
    poses = read_poses(options.poses)
    table, skipped = of_poses(shots, poses)
    if table.empty:
        msg = f"{options.poses}: none of its {len(poses)} photos is one of this patrol's {len(shots)}"
        raise InputError(msg, hint="poses are matched by the photos' file names")
    write_table(folder.adjustment, table, ADJUSTMENT)
    moved_m = float(np.median(table["moved_m"]))
    return f"{len(table)} photos take their poses from {options.poses.name}, {moved_m:.2f} m from their own", skipped


def who_saw(folder: PatrolFolder, lonlat: tuple[float, float], options: LocateOptions) -> pd.DataFrame:
    """Return the photos that saw a place, in the order of time (``locate.evidence``).

    Heights, adjustment and ground are those of :func:`locate`; a terrain model's hills and houses hide what is behind.
    """
    shots = read_table(folder.shots, SHOTS)
    terrain = RasterTerrain(options.dem) if options.dem else None
    take_offs = _take_offs(folder, shots, options)
    if folder.adjustment.exists():
        shots = adjusted_shots(shots, read_table(folder.adjustment, ADJUSTMENT))
    levels = _levels(shots, terrain, take_offs, options)
    needed = ["lon_deg", "lat_deg", "yaw_deg", "pitch_deg", "roll_deg", "fx_px", "fy_px", "cx_px", "cy_px"]
    known = np.isfinite(shots[needed].to_numpy(dtype=float)).all(axis=1) & np.isfinite(levels.up_m)
    known &= (shots["attitude_of"] == "camera").to_numpy() & (shots["photo"] != "").to_numpy()
    rows = np.flatnonzero(known)
    part, frame = shots.iloc[rows].reset_index(drop=True), LocalFrame(*lonlat)
    if part.empty:
        msg = "no photo of this patrol has position, height, attitude and focal length; nobody knows what they saw"
        raise DronePatrolError(msg, hint="ingest photos with full metadata, or a log of the flight")
    views = views_of(part, frame, levels.up_m[rows], (levels.sigma_m[rows], levels.bias_sigma_m[rows]))
    near = ground_below(views, _site(terrain, options))
    return evidence_table(part, who_sees(views, near, np.zeros(2)))


def _site(terrain: RasterTerrain | None, options: LocateOptions) -> Site:
    if terrain is None:
        return Site(relief_m=options.relief_m)
    sigma_m = options.dem_sigma_m if options.dem_sigma_m is not None else _usual_sigma_m(terrain.step_m)
    return Site(options.relief_m, terrain, terrain.step_m, sigma_m)


def _usual_sigma_m(step_m: float) -> float:
    """Return 1 sigma of a model's heights by its resolution: a heuristic, where nobody states one."""
    return 5.0 if step_m >= 10.0 else 2.0 if step_m >= 2.0 else 0.5


def _levels(
    shots: pd.DataFrame, terrain: RasterTerrain | None, take_offs: dict[str, TakeOff], options: LocateOptions
) -> Levels:
    if terrain is None:
        return over_level_ground(shots)
    counted_from = options.dem_heights or terrain.counted_from or AltitudeReference.AMSL
    return over_terrain(shots, terrain, counted_from, take_offs, _undulation(options.geoid))


def _undulation(geoid: str) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return what tells the geoid's height above the ellipsoid, None where nobody gave it."""
    if not geoid:
        return None
    try:
        metres = float(geoid)
    except ValueError:
        return RasterTerrain(Path(geoid)).height_m
    if not abs(metres) < 120.0:
        msg = f"--geoid {geoid}: the geoid is within 120 m of the ellipsoid everywhere"
        raise InputError(msg, hint="give metres, or a GeoTIFF of the geoid's heights")
    return lambda lonlat: np.full(np.shape(lonlat)[:-1], metres)


def _take_offs(folder: PatrolFolder, shots: pd.DataFrame, options: LocateOptions) -> dict[str, TakeOff]:
    """Return where flights took off: as told, by the track that holds their photos, else by the mission's one dock."""
    flights = shots.groupby("flight_id")["time_utc"].agg(["min", "max"])
    if options.takeoff is not None:
        told = TakeOff(*options.takeoff, "as told")
        return dict.fromkeys(map(str, flights.index), told)
    found: dict[str, TakeOff] = {}
    for path in sorted(folder.flight.glob("*.parquet")):
        if path.name.endswith(".truth.parquet"):
            continue
        track = read_table(path, TRACK)
        track = track[track["event"] == "position"].dropna(subset=["lon_deg", "lat_deg"])
        if track.empty:
            continue
        first, begin, end = track.iloc[0], track["time_utc"].min(), track["time_utc"].max()
        for flight, times in flights.iterrows():
            if begin <= times["min"] and times["max"] <= end:
                found[str(flight)] = TakeOff(float(first["lon_deg"]), float(first["lat_deg"]), f"log {path.name}")
    if not found and folder.mission.exists():
        docks = {sortie.dock.id: sortie.dock for sortie in read_mission(folder.mission).sorties}
        if len(docks) == 1:
            dock = next(iter(docks.values()))
            found = {str(flight): TakeOff(dock.lon_deg, dock.lat_deg, f"dock {dock.id}") for flight in flights.index}
    return found


def _adjust(
    folder: PatrolFolder, shots: pd.DataFrame, told: tuple[Site, dict[str, TakeOff], LocateOptions], report: Report
) -> tuple[Gain, list[Skipped]]:
    site, take_offs, options = told
    terrain = site.terrain if isinstance(site.terrain, RasterTerrain) else None
    levels = _levels(shots, terrain, take_offs, options)
    usable = shots[np.isfinite(levels.up_m) & shots["fx_px"].notna().to_numpy() & shots["yaw_deg"].notna().to_numpy()]
    if usable.empty:
        msg = "no photo has position, height, attitude and focal length; nothing can be adjusted"
        raise DronePatrolError(msg, hint="leave --adjust out")
    frame = LocalFrame.around(shapely.MultiPoint(usable[["lon_deg", "lat_deg"]].to_numpy(dtype=float)))
    number = usable.index.to_numpy()
    views = views_of(usable, frame, levels.up_m[number], (levels.sigma_m[number], levels.bias_sigma_m[number]))
    controls = read_controls(options.controls) if options.controls else []
    paths = [folder.root / photo if photo else None for photo in shots["photo"]]
    paths = [path if path is not None and path.is_file() else None for path in paths]
    source = Source(shots, paths, levels, ground_below(views, site), frame, controls)
    table, gain, skipped = adjust(source, options.jobs, report)
    write_table(folder.adjustment, table, ADJUSTMENT)
    return gain, skipped


def _notes(shots: pd.DataFrame, levels: Levels, site: Site) -> tuple[str, ...]:
    """Return what a reader should know: how heights were found, and what flights differ in."""
    notes = list(levels.notes)
    references = shots.groupby("flight_id")["altitude_reference"].agg(lambda names: ", ".join(sorted(set(names))))
    if references.nunique() > 1:
        named = "; ".join(f"{flight}: {reference}" for flight, reference in references.items())
        notes.append(f"flights count altitude from different zeros ({named}): each is placed by its own")
    if shots["camera_model"].nunique() > 1:
        models = ", ".join(sorted({name or "unknown" for name in shots["camera_model"]}))
        notes.append(f"photos of different cameras: {models}; each is followed through its own lens")
    if site.terrain is None:
        notes.append(
            f"no terrain model: ground counts as level at take-off height, within {site.relief_m:g} m (1 sigma)"
        )
    else:
        ways = pd.Series(levels.method).value_counts()
        notes += [f"{count} photos: height by {way}" for way, count in ways.items() if way]
    return tuple(notes)


def _median_error(observations: pd.DataFrame) -> float | None:
    if observations.empty:
        return None
    both = [observations[f"photo_{k}_m2"] + observations[f"bias_{k}_m2"] for k in ("ee", "en", "nn")]
    return float(np.median(radius95_m(np.stack(both, axis=-1))))
