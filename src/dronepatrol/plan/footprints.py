"""Where a mission's photos are due, and what they show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from shapely import Polygon

from dronepatrol.geo.camera import pixel_to_ray
from dronepatrol.geo.ground import MAX_OFF_NADIR_DEG
from dronepatrol.geo.local import LocalFrame
from dronepatrol.geo.rotation import camera_to_ned
from dronepatrol.model.camera import Camera, CameraProfile
from dronepatrol.model.mission import Mission, Sortie, Waypoint

Array = NDArray[np.float64]
_STANDING_M = 1e-3


@dataclass(frozen=True)
class DuePhotos:
    """Photos of one sortie in the order they are due, as columns: metres, heights above take-off, camera angles.

    ``places`` (n, 2) metres, ``ways`` (n, 2) unit vectors of the flight, ``height_m`` (n,), ``pitch_deg`` (n,) with
    -90 for nadir, ``yaw_deg`` (n,) where the camera looks, clockwise from grid north.
    """

    places: Array
    ways: Array
    height_m: Array
    pitch_deg: Array
    yaw_deg: Array

    def __len__(self) -> int:
        return len(self.places)


def due_photos(sortie: Sortie, frame: LocalFrame) -> DuePhotos:
    """Return the photos of a sortie; of one whose rest another flies, those before the rest.

    A camera that triggers by distance takes the first photo where it is switched on, and counts on over waypoints
    that do not change the step.
    """
    points = frame.to_metres([(w.lon_deg, w.lat_deg) for w in sortie.waypoints])
    legs, shares = on_legs(points, sortie.waypoints)
    if sortie.rest_from_photo:
        legs, shares = legs[: sortie.rest_from_photo - 1], shares[: sortie.rest_from_photo - 1]
    if not len(legs):
        return DuePhotos(np.empty((0, 2)), np.empty((0, 2)), *(np.empty(0) for _ in range(3)))
    ends = np.vstack([points[1:], points[-1:]])
    heights = np.array([w.height_m for w in sortie.waypoints])
    ends_m = np.append(heights[1:], heights[-1])
    ways = _ways(points)[legs]
    along_deg = np.degrees(np.arctan2(ways[:, 0], ways[:, 1])) % 360.0
    fixed = np.array([np.nan if w.yaw_deg is None else w.yaw_deg for w in sortie.waypoints])[legs]
    return DuePhotos(
        places=points[legs] + (ends - points)[legs] * shares[:, None],
        ways=ways,
        height_m=heights[legs] + (ends_m - heights)[legs] * shares,
        pitch_deg=np.array([w.gimbal_pitch_deg for w in sortie.waypoints])[legs],
        yaw_deg=np.where(np.isnan(fixed), along_deg, fixed),
    )


def photo_places(sortie: Sortie, frame: LocalFrame) -> tuple[Array, Array]:
    """Return (n, 2) metres where photos are due and (n, 2) unit vectors of the flight there."""
    photos = due_photos(sortie, frame)
    return photos.places, photos.ways


def photo_footprints(mission: Mission, frame: LocalFrame, across_m: float, along_m: float) -> list[Polygon]:
    """Return one rectangle in metres per photo due, ``across_m`` wide and ``along_m`` long in flight direction."""
    corners = []
    for sortie in mission.sorties:
        places, ways = photo_places(sortie, frame)
        ahead, aside = ways * along_m / 2, ways[:, ::-1] * (1, -1) * across_m / 2
        ring = [places + ahead + aside, places + ahead - aside, places - ahead - aside, places - ahead + aside]
        corners.append(np.stack(ring, axis=1))
    return [Polygon(ring) for ring in np.vstack(corners)] if corners else []


def seen_quads(photos: DuePhotos, camera: CameraProfile, above_ground_m: ArrayLike) -> Array:
    """Return (n, 4, 2) metres of the corners that each photo shows on level ground below it.

    Rays nearer to the horizon than ``geo.ground`` follows are cut off at its limit.

    Parameters
    ----------
    photos
        Where they are taken and how the camera looks.
    camera
        Its geometry; the image's width lies across the direction that it looks in.
    above_ground_m
        (n,) height above the ground there.
    """
    width, height = camera.image_wh
    corners = [[-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5]]
    rays = pixel_to_ray(Camera.pinhole(camera.image_wh, camera.focal_px), corners)
    ned = np.einsum("nij,cj->nci", camera_to_ned(photos.yaw_deg, photos.pitch_deg, 0.0), rays)
    level = np.hypot(ned[..., 0], ned[..., 1])
    down = np.maximum(ned[..., 2], level / np.tan(np.radians(MAX_OFF_NADIR_DEG)))
    scale = np.asarray(above_ground_m, dtype=float)[:, None] / down
    return np.asarray(photos.places[:, None] + np.stack([ned[..., 1] * scale, ned[..., 0] * scale], axis=-1))


def on_legs(points: Array, waypoints: Sequence[Waypoint]) -> tuple[NDArray[np.intp], Array]:
    """Return (n,) the leg that each photo is on and (n,) how far along it, as a share."""
    legs: list[int] = []
    shares: list[float] = []
    for leg, distances, length in _runs(points, waypoints):
        legs += [leg] * len(distances)
        shares += list(distances / max(length, _STANDING_M))
    return np.array(legs, dtype=np.intp), np.array(shares)


def _runs(points: Array, waypoints: Sequence[Waypoint]) -> Iterator[tuple[int, Array, float]]:
    """Yield legs with photos: the leg, metres from its start where photos are due, its length."""
    lengths = np.append(np.hypot(*np.diff(points, axis=0).T), 0.0)
    step, since = 0.0, 0.0  # since the last photo of a trigger that goes on
    for leg, waypoint in enumerate(waypoints):
        asked = waypoint.photo_step_m if leg < len(waypoints) - 1 else 0.0
        if asked <= 0:
            step = 0.0
            if waypoint.photo_here:
                yield leg, np.zeros(1), 1.0
            continue
        first = asked - since if asked == step else 0.0
        at = np.arange(max(first, 0.0), lengths[leg] + 1e-9, asked)
        since = float(lengths[leg] - at[-1]) if len(at) else since + float(lengths[leg])
        step = asked
        if len(at):
            yield leg, at, float(lengths[leg])


def _ways(points: Array) -> Array:
    """Return (n, 2) unit vectors of the leg that starts at each of n points; where it stands, the last way before."""
    if len(points) < 2:
        return np.array([[0.0, 1.0]] * len(points))
    steps = np.diff(points, axis=0)
    lengths = np.hypot(*steps.T)
    moving = np.flatnonzero(lengths > _STANDING_M)
    if not len(moving):
        return np.array([[0.0, 1.0]] * len(points))
    last = np.maximum(np.searchsorted(moving, np.arange(len(points)), side="right") - 1, 0)
    chosen = moving[last]
    return np.asarray(steps[chosen] / lengths[chosen, None])
