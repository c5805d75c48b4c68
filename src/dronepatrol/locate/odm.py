"""Poses of an OpenDroneMap run: ODM's ``shots.geojson`` and OpenSfM's ``reconstruction.json``.

Both give, for each photo, a turn from the world (east, north, up) to the camera (x right, y down, z ahead) as axis
times angle. OpenSfM's world is the plane that touches the earth at its ``reference_lla``, a point X is seen at R X + t;
ODM's is the grid of a UTM zone, with the camera's place in ``translation`` and, in degrees, in the geometry. Heights
count as those of the run's own surface model.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod, Transformer
from scipy.spatial.transform import Rotation

from dronepatrol.errors import InputError

Floats = NDArray[np.float64]

_NED_OF_ENU = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
_MOST_BYTES = 512 << 20
_MOST_TURN_RAD = 7.0
_MOST_APART_M = 5.0
_FOCAL = (0.2, 5.0)
_HINT = "give OpenDroneMap's odm_report/shots.geojson or OpenSfM's opensfm/reconstruction.json"


@dataclass(frozen=True, slots=True)
class OdmPose:
    """Where a photo was taken, by its file name: WGS-84 degrees, metres as the run's surface model counts.

    ``rotation`` (3, 3) is camera to north, east, down, north being true north; ``focal_share`` the focal length over
    the picture's longer side, NaN where the file does not say.
    """

    photo: str
    lon_deg: float
    lat_deg: float
    height_m: float
    rotation: Floats
    focal_share: float


def read_poses(path: Path) -> list[OdmPose]:
    """Return the poses of a run.

    Raises
    ------
    InputError
        When the file is neither form, or a photo's pose is none; the message names the photo.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            msg = f"{path} has {path.stat().st_size >> 20} MiB; expected at most {_MOST_BYTES >> 20}"
            raise InputError(msg, hint=_HINT)
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        msg = f"{path} cannot be read as poses: {error}"
        raise InputError(msg, hint=_HINT) from error
    try:
        poses = _of_shots(content) if isinstance(content, dict) else _of_reconstructions(content)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        what = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        msg = f"{path} holds no poses as OpenDroneMap writes them: {what}"
        raise InputError(msg, hint=_HINT) from error
    if not poses:
        msg = f"{path} holds no pose of any photo"
        raise InputError(msg, hint=_HINT)
    return poses


def _of_shots(content: Mapping[str, Any]) -> list[OdmPose]:
    """Return the poses of ``shots.geojson``; its turns are out of the UTM grid's axes."""
    if content.get("type") != "FeatureCollection":
        msg = f"its type is {content.get('type')!r}; expected 'FeatureCollection', or a list of reconstructions"
        raise ValueError(msg)
    found = []
    for feature in content["features"]:
        told = feature["properties"]
        name = str(told["filename"])
        lon, lat, height = _numbers(name, "geometry", feature["geometry"]["coordinates"])
        _check_place(name, lon, lat)
        east, north, _ = _numbers(name, "translation", told["translation"])
        to_camera = _turn(name, told["rotation"])
        grid_rad = _convergence_rad(name, (lon, lat), (east, north))
        rotation = Rotation.from_rotvec([0.0, 0.0, grid_rad]).as_matrix() @ _NED_OF_ENU @ to_camera.T
        found.append(OdmPose(_file(name), lon, lat, height, rotation, _focal(name, told)))
    return found


def _of_reconstructions(content: list[Mapping[str, Any]]) -> list[OdmPose]:
    """Return the poses of ``reconstruction.json``."""
    found = []
    for part in content:
        shots, cameras = part["shots"], part["cameras"]
        if not shots:
            continue
        zero = part["reference_lla"]
        lon0, lat0, height0 = (float(zero[name]) for name in ("longitude", "latitude", "altitude"))
        _check_place("reference_lla", lon0, lat0)
        to_wgs84 = Transformer.from_pipeline(
            f"+proj=pipeline +step +inv +proj=topocentric +ellps=WGS84 +lon_0={lon0} +lat_0={lat0} +h_0={height0} "
            "+step +inv +proj=cart +ellps=WGS84"
        )
        for name, shot in shots.items():
            to_camera = _turn(name, shot["rotation"])
            centre = -to_camera.T @ _numbers(name, "translation", shot["translation"])
            lon, lat, height = to_wgs84.transform(centre[0], centre[1], centre[2])
            _check_place(name, lon, lat)
            rotation = _NED_OF_ENU @ to_camera.T
            focal = _focal(name, cameras[shot["camera"]])
            found.append(OdmPose(_file(name), float(lon), float(lat), float(height), rotation, focal))
    return found


def _numbers(name: str, what: str, values: Any) -> Floats:
    numbers = np.asarray(values, dtype=float)
    if numbers.shape != (3,) or not np.isfinite(numbers).all():
        msg = f"{name}: {what} is {values!r:.80}; expected three numbers"
        raise ValueError(msg)
    return numbers


def _check_place(name: str, lon: float, lat: float) -> None:
    if not (abs(lon) <= 180 and abs(lat) <= 84):
        msg = f"{name}: longitude {lon:g}, latitude {lat:g} is no place that a UTM zone knows"
        raise ValueError(msg)


def _turn(name: str, values: Any) -> Floats:
    vector = _numbers(name, "rotation", values)
    if np.linalg.norm(vector) > _MOST_TURN_RAD:
        msg = f"{name}: rotation is {values!r:.80}; expected an axis times an angle in radians"
        raise ValueError(msg)
    return np.asarray(Rotation.from_rotvec(vector).as_matrix())


def _focal(name: str, told: Mapping[str, Any]) -> float:
    value = told.get("focal", told.get("focal_x"))
    if value is None:
        return float("nan")
    if not _FOCAL[0] <= float(value) <= _FOCAL[1]:
        msg = f"{name}: focal length is {value!r}; expected a share of the picture's longer side"
        raise ValueError(msg)
    return float(value)


def _file(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name


def _convergence_rad(name: str, lonlat: tuple[float, float], grid_m: tuple[float, float]) -> float:
    """Return by how much the UTM grid's north lies clockwise of true north at a place that must be the grid's too."""
    lon, lat = lonlat
    zone = int((lon + 180.0) // 6.0) % 60 + 1
    for number in (zone, zone % 60 + 1, (zone - 2) % 60 + 1):  # a block near a border is in one zone as a whole
        grid = Transformer.from_crs(f"EPSG:{(32600 if lat >= 0 else 32700) + number}", "EPSG:4326", always_xy=True)
        here = grid.transform(*grid_m)
        _, _, apart_m = Geod(ellps="WGS84").inv(lon, lat, *here)
        if apart_m < _MOST_APART_M:
            ahead = grid.transform(grid_m[0], grid_m[1] + 100.0)
            return float(np.radians(Geod(ellps="WGS84").inv(*here, *ahead)[0]))
    msg = f"{name}: translation {grid_m[0]:.0f}, {grid_m[1]:.0f} is not where its geometry is, in no UTM zone around"
    raise ValueError(msg)
