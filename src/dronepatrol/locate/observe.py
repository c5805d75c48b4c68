"""Detections to observations: the middle of a box followed to flat ground at take-off height."""

from collections.abc import Mapping
from itertools import pairwise

import geopandas
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dronepatrol.geo.camera import pixel_to_ray
from dronepatrol.geo.ground import MAX_OFF_NADIR_DEG, rays_to_ground
from dronepatrol.geo.local import WGS84
from dronepatrol.geo.rotation import camera_to_ned, heading_deg
from dronepatrol.locate.error import BOX_SIGMA_PX, OBJECT_HEIGHT_SIGMA_SHARE, Floats, Sight, Sigmas, covariances
from dronepatrol.model.batch import Skipped
from dronepatrol.model.camera import Camera
from dronepatrol.model.tables import DETECTIONS, OBSERVATIONS

METHOD = "flat ground at take-off height"

_CAMERA = ["image_width_px", "image_height_px", "fx_px", "fy_px", "cx_px", "cy_px", "k1", "k2", "p1", "p2", "k3"]
_NEEDS = {  # what a shot must have before anything in it can be placed, and how its absence is put into words
    "position": ["lon_deg", "lat_deg"],
    "height above the take-off point": ["height_m"],
    "attitude": ["yaw_deg", "pitch_deg", "roll_deg"],
    "focal length": ["fx_px", "fy_px", "cx_px", "cy_px"],
    "lens distortion": ["k1", "k2", "p1", "p2", "k3"],
    "uncertainty of its pose": [
        "position_sigma_m", "position_bias_sigma_m", "height_sigma_m", "height_bias_sigma_m", "yaw_sigma_deg",
        "pitch_sigma_deg", "roll_sigma_deg", "focal_sigma_share",
    ],
}  # fmt: skip


def observe(
    detections: pd.DataFrame, shots: pd.DataFrame, *, object_height_m: Mapping[str, float]
) -> tuple[geopandas.GeoDataFrame, list[Skipped]]:
    """Place detections on the ground, each with its covariance.

    From above a box is centred on its object's top, so the ray is followed to the level plane as far above the take-off
    point as the top of an object of that kind typically is. Terrain is not known here: ground that is not level with
    the take-off point moves a place by its height difference times the tangent of the off-nadir angle.

    Parameters
    ----------
    detections
        Rows of ``tables.DETECTIONS``.
    shots
        Rows of ``tables.SHOTS``.
    object_height_m
        Typical height of each kind in metres; kinds that are not in it count as flat.

    Returns
    -------
    The observations (``tables.OBSERVATIONS``), and the detections that cannot be placed with the reason for each.
    """
    rows = _with_shots(detections, shots)
    rows["object_height_m"] = rows["kind"].map(dict(object_height_m)).fillna(0.0).astype(float)
    reasons = _why_not(rows)
    rays, ground = _followed(rows.loc[reasons == ""])
    reasons[rays.index[~np.isfinite(ground).all(axis=(1, 2))]] = (
        f"its ray is more than {MAX_OFF_NADIR_DEG:.0f} degrees from straight down, too near the horizon to be placed"
    )
    seen = (reasons == "").loc[rays.index].to_numpy()
    skipped = [Skipped(str(item), reason) for item, reason in zip(rows["detection_id"], reasons, strict=True) if reason]
    return _observations(rays.loc[seen], ground[seen]), skipped


def _with_shots(detections: pd.DataFrame, shots: pd.DataFrame) -> pd.DataFrame:
    """Return one row per detection with its shot's columns; ``flight_id`` is missing where there is no such shot."""
    poses = pd.DataFrame(shots.drop(columns="geometry", errors="ignore")).drop_duplicates("shot_id")
    return pd.DataFrame(detections)[list(DETECTIONS.columns)].merge(poses, on="shot_id", how="left", validate="m:1")


def _why_not(rows: pd.DataFrame) -> "pd.Series[str]":
    """Return for each row why it cannot be placed, "" where nothing speaks against it."""
    reasons = pd.Series("", index=rows.index, dtype=object)

    def note(which: NDArray[np.bool_], reason: str) -> None:
        reasons[which & (reasons == "").to_numpy()] = reason

    note(rows["flight_id"].isna().to_numpy(dtype=bool), "its shot is not among the shots of this patrol")
    for name, columns in _NEEDS.items():
        note(~np.isfinite(rows[columns].to_numpy(dtype=float)).all(axis=1), f"its shot has no {name}")
    note(~(rows[["fx_px", "fy_px"]].to_numpy(dtype=float) > 0).all(axis=1), "its shot has no focal length")
    note(
        rows["attitude_of"].eq("vehicle").to_numpy(dtype=bool), "its shot has the vehicle's attitude, not the camera's"
    )
    note(
        ~(rows["height_m"] > rows["object_height_m"]).to_numpy(dtype=bool),
        "its shot was not taken from above the object",
    )
    box = rows[["x1_px", "y1_px", "x2_px", "y2_px"]].to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        note(~(np.isfinite(box).all(axis=1) & (box[:, 2] > box[:, 0]) & (box[:, 3] > box[:, 1])), "its box is empty")
    return reasons


def _followed(rows: pd.DataFrame) -> tuple[pd.DataFrame, Floats]:
    """Return the rows in the order of their cameras, and (n, 5, 2) metres east and north of the camera.

    The five points are the middle of the box, then its corners from the top left clockwise.
    """
    parts, grounds = [rows.iloc[:0].assign(ray_x=0.0, ray_y=0.0)], [np.empty((0, 5, 2))]
    for _, part in rows.groupby(_CAMERA, sort=True, dropna=False):
        x1, y1, x2, y2 = part[["x1_px", "y1_px", "x2_px", "y2_px"]].to_numpy(dtype=float).T
        pixels = np.stack([[(x1 + x2) / 2, x1, x2, x2, x1], [(y1 + y2) / 2, y1, y1, y2, y2]]).transpose(2, 1, 0)
        rays = pixel_to_ray(_camera(part), pixels)
        rotation = camera_to_ned(part["yaw_deg"], part["pitch_deg"], part["roll_deg"])
        height = _above_object_m(part)
        grounds.append(rays_to_ground(np.einsum("nij,nkj->nki", rotation, rays), height[:, None]))
        parts.append(part.assign(**{name: rays[:, 0, axis] for axis, name in enumerate(("ray_x", "ray_y"))}))
    return pd.concat(parts[1:] or parts), np.concatenate(grounds)


def _camera(part: pd.DataFrame) -> Camera:
    width, height, fx, fy, cx, cy, k1, k2, p1, p2, k3 = (float(value) for value in part[_CAMERA].iloc[0])
    return Camera((int(width), int(height)), fx, fy, cx, cy, (k1, k2, p1, p2, k3))


def _above_object_m(rows: pd.DataFrame) -> Floats:
    return np.asarray(rows["height_m"].to_numpy(dtype=float) - rows["object_height_m"].to_numpy(dtype=float))


def _sight(rows: pd.DataFrame) -> Sight:
    angles = [rows[name].to_numpy(dtype=float) for name in ("yaw_deg", "pitch_deg", "roll_deg")]
    rotation = camera_to_ned(*angles)
    rays = np.column_stack([rows["ray_x"], rows["ray_y"], np.ones(len(rows))])
    return Sight(
        rays_ned=np.einsum("nij,nj->ni", rotation, rays),
        rotation=rotation,
        rays_camera=rays,
        height_m=_above_object_m(rows),
        heading_rad=np.radians(heading_deg(*angles)),
        focal_px=rows[["fx_px", "fy_px"]].to_numpy(dtype=float),
    )


def _sigmas(rows: pd.DataFrame) -> Sigmas:
    def column(name: str) -> Floats:
        return np.asarray(rows[name], dtype=float)

    return Sigmas(
        position_m=column("position_sigma_m"),
        position_bias_m=column("position_bias_sigma_m"),
        height_m=column("height_sigma_m"),
        height_bias_m=column("height_bias_sigma_m"),
        yaw_rad=np.radians(column("yaw_sigma_deg")),
        pitch_rad=np.radians(column("pitch_sigma_deg")),
        roll_rad=np.radians(column("roll_sigma_deg")),
        focal=column("focal_sigma_share"),
        box_px=np.full(len(rows), BOX_SIGMA_PX),
        object_height_m=column("object_height_m") * OBJECT_HEIGHT_SIGMA_SHARE,
    )


def _observations(rows: pd.DataFrame, ground: Floats) -> geopandas.GeoDataFrame:
    """Return ``tables.OBSERVATIONS`` for the rows of :func:`_followed` and where their rays meet the ground."""
    east, north = ground[:, 0].T
    corners = ground[:, [1, 2, 3, 4, 1]]
    sides = np.stack([np.hypot(*(b - a).T) for a, b in pairwise(np.moveaxis(corners, 1, 0))]) if len(rows) else None
    across, along = (sides[0::2].mean(axis=0), sides[1::2].mean(axis=0)) if sides is not None else (east, north)
    boxes_px2 = (rows["x2_px"] - rows["x1_px"]) * (rows["y2_px"] - rows["y1_px"])
    off = np.hypot(east, north)
    lon, lat, _ = WGS84.fwd(
        rows["lon_deg"].to_numpy(dtype=float), rows["lat_deg"].to_numpy(dtype=float),
        np.degrees(np.arctan2(east, north)), off,
    )  # fmt: skip
    photo, bias = covariances(_sight(rows), _sigmas(rows))
    columns = {
        "observation_id": rows["detection_id"],
        "length_m": np.maximum(across, along),
        "width_m": np.minimum(across, along),
        "gsd_m": np.sqrt(across * along / boxes_px2),
        "off_nadir_deg": np.degrees(np.arctan2(off, _above_object_m(rows))),
        **{f"photo_{name}_m2": photo[:, i] for i, name in enumerate(("ee", "en", "nn"))},
        **{f"bias_{name}_m2": bias[:, i] for i, name in enumerate(("ee", "en", "nn"))},
        "method": METHOD,
    }
    table = rows.assign(**columns)[[name for name in OBSERVATIONS.columns if name != "geometry"]]
    points = geopandas.points_from_xy(lon, lat)
    return geopandas.GeoDataFrame(table, geometry=points, crs="EPSG:4326").sort_index().reset_index(drop=True)
