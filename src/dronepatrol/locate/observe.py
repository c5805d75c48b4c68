"""Detections to observations: a box followed to the ground, and how well the place is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from dronepatrol.geo.ground import MAX_OFF_NADIR_DEG
from dronepatrol.geo.local import LocalFrame
from dronepatrol.locate.error import BOX_SIGMA_PX, OBJECT_HEIGHT_SIGMA_SHARE, Floats
from dronepatrol.locate.heights import Levels, over_level_ground
from dronepatrol.locate.project import Placed, lean_of, pixels_of, place, rays_camera
from dronepatrol.locate.surface import Grid, Ground, Level
from dronepatrol.locate.view import Ints, Views, views_of
from dronepatrol.model.batch import Skipped
from dronepatrol.model.tables import DETECTIONS, OBSERVATIONS
from dronepatrol.model.terrain import Terrain

OBLIQUE_DEG = 20.0
"""A camera that looks further from straight down than this shows objects from the side: their base is what counts."""
LEVEL = "level ground at take-off height"

_ALL_POSE = ["lon_deg", "lat_deg", "yaw_deg", "pitch_deg", "roll_deg"]
_NEEDS = {  # what a shot must have before anything in it can be placed, and how its absence is put into words
    "position": ["lon_deg", "lat_deg"],
    "attitude": ["yaw_deg", "pitch_deg", "roll_deg"],
    "focal length": ["fx_px", "fy_px", "cx_px", "cy_px"],
    "lens distortion": ["k1", "k2", "p1", "p2", "k3"],
    "uncertainty of its pose": [
        "position_sigma_m", "position_bias_sigma_m", "yaw_sigma_deg", "pitch_sigma_deg", "roll_sigma_deg",
        "focal_sigma_share",
    ],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Site:
    """What detections are placed on.

    ``relief_m`` is 1 sigma by which ground that is taken for level departs from it. ``terrain`` with the metres between
    its heights and 1 sigma of them, or None where there is none: then the ground is level at take-off height.
    """

    relief_m: float = 0.0
    terrain: Terrain | None = None
    step_m: float = 1.0
    terrain_sigma_m: float = 5.0


def observe(
    detections: pd.DataFrame,
    shots: pd.DataFrame,
    *,
    object_height_m: Mapping[str, float],
    site: Site | None = None,
    levels: Levels | None = None,
) -> tuple[geopandas.GeoDataFrame, list[Skipped]]:
    """Place detections on the ground, each with its covariance.

    From above a box is centred on its object's top, so the ray of its middle is followed to the ground as far up as an
    object of that kind typically reaches. A view from the side shows where the object stands: there the ray of the
    box's base is followed to the ground itself. In both the object's height is an error term.

    Parameters
    ----------
    detections
        Rows of ``tables.DETECTIONS``.
    shots
        Rows of ``tables.SHOTS``.
    object_height_m
        Typical height of each kind in metres; kinds that are not in it count as flat.
    site
        The ground; None for level ground without relief.
    levels
        Heights of the shots above the ground's zero (``locate.heights``), None for those above the take-off point.

    Returns
    -------
    The observations (``tables.OBSERVATIONS``), and the detections that cannot be placed with the reason for each.
    """
    site = site or Site()
    levels = levels or over_level_ground(shots)
    rows = _with_shots(detections, shots, levels)
    rows["object_height_m"] = rows["kind"].map(dict(object_height_m)).fillna(0.0).astype(float)
    reasons = _why_not(rows, site)
    usable = rows.loc[reasons == ""]
    parts = [_empty()]
    for _, flight in usable.groupby("flight_id", sort=True) if site.terrain is not None else [("", usable)]:
        if len(flight):
            found, why = _observed(flight, site)
            reasons.loc[why.index] = why
            parts.append(found)
    skipped = [Skipped(str(item), reason) for item, reason in zip(rows["detection_id"], reasons, strict=True) if reason]
    table = pd.concat(parts[1:] or parts).sort_index().reset_index(drop=True)
    return geopandas.GeoDataFrame(table, geometry="geometry", crs="EPSG:4326"), skipped


def _empty() -> pd.DataFrame:
    kinds = {"float": "float64", "str": "str", "time": "datetime64[ms, UTC]", "geometry": "object"}
    return pd.DataFrame({name: pd.Series(dtype=kinds[kind]) for name, kind in OBSERVATIONS.columns.items()})


def _with_shots(detections: pd.DataFrame, shots: pd.DataFrame, levels: Levels) -> pd.DataFrame:
    """Return one row per detection with its shot's columns; ``flight_id`` is missing where there is no such shot."""
    poses = pd.DataFrame(shots.drop(columns="geometry", errors="ignore")).assign(
        up_m=levels.up_m, up_sigma_m=levels.sigma_m, up_bias_sigma_m=levels.bias_sigma_m, level_method=levels.method
    )
    columns = {name: detections.get(name, "") for name in DETECTIONS.columns}
    table = pd.DataFrame(columns, index=detections.index)
    return table.merge(poses.drop_duplicates("shot_id"), on="shot_id", how="left", validate="m:1")


def _why_not(rows: pd.DataFrame, site: Site) -> "pd.Series[str]":
    """Return for each row why it cannot be placed, "" where nothing speaks against it."""
    reasons = pd.Series("", index=rows.index, dtype=object)

    def note(which: NDArray[np.bool_], reason: str) -> None:
        reasons[which & (reasons == "").to_numpy()] = reason

    note(rows["flight_id"].isna().to_numpy(dtype=bool), "its shot is not among the shots of this patrol")
    for name, columns in _NEEDS.items():
        note(~np.isfinite(rows[columns].to_numpy(dtype=float)).all(axis=1), f"its shot has no {name}")
    height = "height" if site.terrain is not None else "height above the take-off point"
    note(~np.isfinite(rows["up_m"].to_numpy(dtype=float)), f"its shot has no {height}")
    level = rows[["up_sigma_m", "up_bias_sigma_m"]].to_numpy(dtype=float)
    note(~np.isfinite(level).all(axis=1), "its shot has no uncertainty of its pose")
    note(~(rows[["fx_px", "fy_px"]].to_numpy(dtype=float) > 0).all(axis=1), "its shot has no focal length")
    note(
        rows["attitude_of"].eq("vehicle").to_numpy(dtype=bool), "its shot has the vehicle's attitude, not the camera's"
    )
    box = rows[["x1_px", "y1_px", "x2_px", "y2_px"]].to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        note(~(np.isfinite(box).all(axis=1) & (box[:, 2] > box[:, 0]) & (box[:, 3] > box[:, 1])), "its box is empty")
    return reasons


def _observed(rows: pd.DataFrame, site: Site) -> tuple[pd.DataFrame, "pd.Series[str]"]:
    """Return the observations of rows that have all they need, and why the others of them cannot be placed."""
    shots = rows.drop_duplicates("shot_id")
    frame = LocalFrame.around(shapely.MultiPoint(shots[["lon_deg", "lat_deg"]].to_numpy(dtype=float)))
    level_sigma = (shots["up_sigma_m"].to_numpy(dtype=float), shots["up_bias_sigma_m"].to_numpy(dtype=float))
    views = views_of(shots, frame, shots["up_m"].to_numpy(dtype=float), level_sigma)
    which = pd.Index(shots["shot_id"]).get_indexer(rows["shot_id"]).astype(np.intp)
    box = rows[["x1_px", "y1_px", "x2_px", "y2_px"]].to_numpy(dtype=float)
    oblique = views.tilt_deg[which] > OBLIQUE_DEG
    tall = rows["object_height_m"].to_numpy(dtype=float)
    above = np.where(oblique, 0.0, tall)
    pixels = np.where(oblique[:, None], _bases(views, which, box), (box[:, :2] + box[:, 2:]) / 2)
    ground = ground_below(views, site)
    placed = place(
        views, which, pixels, ground, box_px=BOX_SIGMA_PX, above_m=above, above_sigma_m=tall * OBJECT_HEIGHT_SIGMA_SHARE
    )
    corners = _corners(views, which, box, placed)
    clear = views.enu_m[which, 2] - ground.height_m(views.enu_m[which, :2]) > above
    why = np.where(
        ~clear & np.isfinite(ground.height_m(views.enu_m[which, :2])), "its shot was not taken from above the object",
        np.where(np.isfinite(placed.off_nadir_deg) & np.isfinite(corners).all(axis=(1, 2)),
                 np.where(np.isfinite(placed.depth_m), "", "its ray meets no ground that the terrain model knows of"),
                 f"its ray is more than {MAX_OFF_NADIR_DEG:.0f} degrees from straight down, too near the horizon to be "
                 "placed"),
    )  # fmt: skip
    reasons = pd.Series(why, index=rows.index, dtype=object)
    seen = (reasons == "").to_numpy()
    method = _methods(rows, ground, oblique, placed)
    return _table(rows, frame, box, corners, placed, method).loc[seen], reasons


def ground_below(views: Views, site: Site) -> Ground:
    """Return the ground that the views can show: the terrain around them, or the level at its zero."""
    level = Level(0.0, site.relief_m, LEVEL)
    if site.terrain is None:
        return level
    en, up = views.enu_m[:, :2], views.enu_m[:, 2]
    below = site.terrain.height_m(views.frame.to_lonlat(en))
    known = below[np.isfinite(below)]
    lowest = float(known.min()) if len(known) else float(up.min()) - 120.0
    width, height = np.array([camera.image_wh for camera in views.cameras], dtype=float)[views.camera_of].T
    spots = [np.stack([x * width, y * height], axis=-1) for x in (0.0, 1.0) for y in (0.0, 1.0)]
    every = np.arange(len(en), dtype=np.intp)
    ends = [en]
    for pixels in spots:
        rays, _ = rays_camera(views, every, pixels)
        lean = lean_of(np.einsum("nij,nj->ni", views.rotation, rays))
        ends.append(en + lean * (1.5 * (up - lowest) + 20.0)[:, None])
    reached = np.vstack(ends)
    reached = reached[np.isfinite(reached).all(axis=1)]
    (west, south), (east, north) = reached.min(axis=0) - 20.0, reached.max(axis=0) + 20.0
    bounds = (float(west), float(south), float(east), float(north))
    return Grid.sampled(site.terrain, views.frame, bounds, site.step_m, site.terrain_sigma_m) or level


def _bases(views: Views, which: Ints, box: Floats) -> Floats:
    """Return (n, 2) pixels where boxes' middles, followed down the plumb line as the photo shows it, leave the box."""
    middle, half = (box[:, :2] + box[:, 2:]) / 2, (box[:, 2:] - box[:, :2]) / 2
    rays, _ = rays_camera(views, which, middle)
    ned = np.einsum("nij,nj->ni", views.rotation[which], rays / np.linalg.norm(rays, axis=-1, keepdims=True))
    lower = views.enu_m[which] + np.stack([ned[:, 1], ned[:, 0], -ned[:, 2] - 0.01], axis=-1)
    down = pixels_of(views, which, lower) - middle
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.nanmin(np.where(np.abs(down) > 1e-9, half / np.abs(down), np.inf), axis=1)
    return np.where(np.isfinite(share)[:, None], middle + down * share[:, None], middle)


def _corners(views: Views, which: Ints, box: Floats, placed: Placed) -> Floats:
    """Return (n, 4, 2) metres east and north of the camera of the boxes' corners at the depth of their places."""
    found = np.empty((len(box), 4, 2))
    for number, (x, y) in enumerate(((0, 1), (2, 1), (2, 3), (0, 3))):
        rays, _ = rays_camera(views, which, box[:, [x, y]])
        lean = lean_of(np.einsum("nij,nj->ni", views.rotation[which], rays))
        found[:, number] = lean * np.nan_to_num(placed.depth_m)[:, None]
    return found


def _methods(rows: pd.DataFrame, ground: Ground, oblique: NDArray[np.bool_], placed: Placed) -> NDArray[np.object_]:
    """Return in words how each place was found."""
    base = np.where(oblique, "; base of the box", "").astype(object)
    hole = np.where(placed.filled, "; filled where the model has no height", "").astype(object)
    if ground.source == LEVEL:
        return np.asarray(LEVEL + base, dtype=object)
    return np.asarray(ground.source + "; " + rows["level_method"].to_numpy(dtype=object) + hole + base, dtype=object)


def _table(
    rows: pd.DataFrame, frame: LocalFrame, box: Floats, corners: Floats, placed: Placed, method: NDArray[np.object_]
) -> pd.DataFrame:
    """Return ``tables.OBSERVATIONS`` for rows and where they were placed."""
    sides = np.stack([np.hypot(*(b - a).T) for a, b in pairwise(np.moveaxis(corners[:, [0, 1, 2, 3, 0]], 1, 0))])
    across, along = sides[0::2].mean(axis=0), sides[1::2].mean(axis=0)
    boxes_px2 = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
    lonlat = frame.to_lonlat(np.nan_to_num(placed.en_m))
    columns = {
        "observation_id": rows["detection_id"],
        "length_m": np.maximum(across, along),
        "width_m": np.minimum(across, along),
        "gsd_m": np.sqrt(across * along / boxes_px2),
        "off_nadir_deg": placed.off_nadir_deg,
        **{f"photo_{name}_m2": placed.photo_m2[:, i] for i, name in enumerate(("ee", "en", "nn"))},
        **{f"bias_{name}_m2": placed.shared_m2[:, i] for i, name in enumerate(("ee", "en", "nn"))},
        "method": method,
        "geometry": shapely.points(lonlat),
    }
    return rows.assign(**columns)[list(OBSERVATIONS.columns)]
