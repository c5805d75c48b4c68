"""Visits of one rendered place (synthetic), between which things come and go; tests load this file by path."""

from dataclasses import replace
from datetime import UTC, datetime
from unittest import mock

import cv2
import numpy as np
import pandas as pd
import rasterio
import shapely
from pyproj import Transformer
from rasterio.transform import Affine

from dronepatrol.geo.ground import footprint, ground_to_pixels
from dronepatrol.geo.rotation import camera_to_ned
from dronepatrol.model.camera import Camera
from dronepatrol.model.tables import SHOTS
from dronepatrol.sim.render.renderer import Renderer
from dronepatrol.sim.scene import scene as scene_module
from dronepatrol.sim.scene.shapes import Faces
from dronepatrol.store.tables import typed, write_table

CAMERA = Camera.pinhole((1024, 768), 1024.0)
HIGH_M, LOW_M = 100.0, 70.0
"""From high up the camera shows the ground at 0.098 m per pixel, from low at 0.068 m: fine enough for heaps."""
NOON, EVENING = scene_module.SUN_SHADOW, np.array([-0.75, 0.35])
"""Metres east and north that one metre throws its shadow, under the usual sun and a lower one that stands elsewhere."""
AREA = shapely.box(121.0800, 30.8200, 121.0832, 30.8228)
SHED_M = (12.0, 9.0)


class Town:
    """An invented place of 300 m, always the same for a seed but for what is left out of it and for its sun."""

    def __init__(self, seed):
        """Build it whole; ``scene.plants`` are the things in it."""
        with mock.patch.object(scene_module, "_shadows", wraps=scene_module._shadows) as shadows:
            self.scene = scene_module.build_scene(AREA, [], {}, seed)
        self.frame = self.scene.frame
        self._casts = shadows.call_args.args[0]

    def of(self, kind):
        """Return the things of a kind."""
        return [plant for plant in self.scene.plants if plant.kind == kind]

    def without(self, *plants, sun=NOON):
        """Return its scene without some things, under a sun."""
        gone = {ring.tobytes() for one in plants for part in (one.thing.flat, one.thing.raised) for ring in part.rings}
        own = {id(cast) for one in plants for cast in one.thing.casts}
        with mock.patch.object(scene_module, "SUN_SHADOW", sun):
            shadows = scene_module._shadows([cast for cast in self._casts if id(cast) not in own])
        layers = {name: _left(getattr(self.scene, name), gone) for name in ("flat", "raised")}
        return replace(self.scene, shadows=shadows, **layers)


def _left(faces, gone):
    rings = np.split(faces.xyz, faces.start[1:-1])
    keep = [number for number, ring in enumerate(rings) if ring.tobytes() not in gone]
    counts = [len(rings[number]) for number in keep]
    xyz = np.concatenate([rings[number] for number in keep])
    return Faces(xyz, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), faces.paint[keep])


def photograph(folder, scene, places, yaws, *, height_m, day=1, off_m=(0.0, 0.0), light=(1.0, 0.0), shed=None):
    """Write photos of a scene and their shots.

    ``off_m`` is how wrong the shots' positions are, ``light`` a gain and grey levels added, ``shed`` where one stands.
    """
    (folder / "photos").mkdir(parents=True)
    renderer, rows = Renderer(scene, CAMERA), []
    for number, (place, yaw) in enumerate(zip(places, yaws, strict=True)):
        rotation = camera_to_ned(yaw, -88.0, 0.0)
        image = np.ascontiguousarray(renderer.render(*scene.frame.to_lonlat(place).tolist(), height_m, rotation))
        if shed is not None:
            _paint_shed(image, rotation, height_m, np.asarray(shed) - place)
        image = np.clip(image * light[0] + light[1], 0, 255).astype(np.uint8)
        name = f"photos/{number}.jpg"
        cv2.imwrite(str(folder / name), image)
        lon, lat = scene.frame.to_lonlat(np.add(place, off_m)).tolist()
        pose = {"lon_deg": lon, "lat_deg": lat, "height_m": height_m, "altitude_m": height_m}
        pose |= {"yaw_deg": yaw, "pitch_deg": -88.0, "roll_deg": 0.0, "attitude_of": "camera"}
        inner = {"image_width_px": 1024, "image_height_px": 768, "fx_px": 1024.0, "fy_px": 1024.0}
        inner |= {"cx_px": CAMERA.cx_px, "cy_px": CAMERA.cy_px, "lens": "brown"}
        blank = {name: {"str": "", "geometry": None}.get(kind, 0) for name, kind in SHOTS.columns.items()}
        time = {"time_utc": datetime(2026, 5, day, 2, number, tzinfo=UTC)}
        rows.append(blank | {"shot_id": f"S{number}", "photo": name} | pose | inner | time)
    write_table(folder / "shots.parquet", typed(pd.DataFrame(rows), SHOTS), SHOTS)
    return folder


def _paint_shed(image, rotation, height_m, middle):
    def fill(low, high, colour):
        ring = middle + np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])
        cv2.fillPoly(image, [np.rint(ground_to_pixels(CAMERA, rotation, height_m, ring)).astype(np.int32)], colour)

    half = np.array(SHED_M) / 2
    fill(-half + (0, -1.5), half, (20, 22, 22))
    fill(-half, half, (170, 172, 171))
    fill((-half[0], -0.4), (half[0], 0.4), (120, 122, 121))


def greenest(scene):
    """Return where a shed comes: the greenest of some places, since grey on grey paving is a limit of the method."""
    camera = Camera.pinhole((256, 192), 256.0)
    rng, things = np.random.default_rng(0), np.array([one.place.xy for one in scene.plants])
    renderer, step_m = Renderer(scene, camera), HIGH_M / camera.fx_px
    best, most = None, 0.8
    for place in rng.uniform(*np.percentile(things, [25, 75], axis=0), (12, 2)):
        image = renderer.render(*scene.frame.to_lonlat(place).tolist(), HIGH_M, camera_to_ned(0.0, -90.0, 0.0))
        blue, green, red = np.moveaxis(image.astype(np.float32), -1, 0)
        lawn = (green > red + 15) & (green > blue + 15) & (blue + green + red > 150)
        share = cv2.blur(lawn.astype(np.float32), (round(22 / step_m),) * 2)[38:-38, 38:-38]
        if share.max() > most:
            row, column = np.unravel_index(share.argmax(), share.shape)
            most, best = share.max(), place + np.array([column + 38 - 127.5, 95.5 - 38 - row]) * step_m
    assert best is not None
    return best


def orthophoto(path, scene, middle, *, height_m=HIGH_M, yaw=0.0, crs="EPSG:4326", bands=None, **options):
    """Write a nadir render as a GeoTIFF in any CRS, turned by ``yaw``; ``bands`` takes (h, w, 3) RGB to the bands."""
    lonlat, rotation = scene.frame.to_lonlat(middle), camera_to_ned(yaw, -90.0, 0.0)
    image = Renderer(scene, CAMERA).render(*lonlat.tolist(), height_m, rotation)[:, :, ::-1]
    corners = scene.frame.to_lonlat(middle + footprint(CAMERA, rotation, height_m))
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(*corners.T)
    pixels = np.array([[0, 0, 1], [1024, 0, 1], [1024, 768, 1], [0, 768, 1]])
    place = np.linalg.lstsq(pixels, np.stack([x, y], axis=1), rcond=None)[0].T
    bands = np.moveaxis(image, -1, 0) if bands is None else bands(image)
    profile = {"driver": "GTiff", "width": 1024, "height": 768, "count": len(bands), "dtype": bands.dtype.name}
    with rasterio.open(path, "w", **profile | {"crs": crs, "transform": Affine(*place.ravel())} | options) as dataset:
        dataset.write(bands)
    return path
