"""Two visits of one rendered scene (synthetic), between which heaps come and go; tests load this file by path."""

import importlib.util
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from dronepatrol.geo.rotation import camera_to_ned
from dronepatrol.model.camera import Camera
from dronepatrol.model.tables import SHOTS
from dronepatrol.sim.render.renderer import Renderer
from dronepatrol.sim.scene import scene as scene_module
from dronepatrol.sim.scene.shapes import Faces
from dronepatrol.store.tables import typed, write_table

_spec = importlib.util.spec_from_file_location("scenes", Path(__file__).parents[1] / "detect" / "scenes.py")
scenes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scenes)

CAMERA = Camera.pinhole((1024, 768), 1024.0)
HEAPS_FROM_M = 70.0
"""A height from which the camera shows the ground finely enough for heaps: 0.068 m per pixel."""
EVENING = np.array([-0.75, 0.35])
"""Metres east and north that one metre throws its shadow, of a lower sun that stands elsewhere."""


def scene_of(seed, shadow=None):
    """Return a scene; the same seed under another sun is the same but for its shadows."""
    usual = scene_module.SUN_SHADOW
    try:
        scene_module.SUN_SHADOW = usual if shadow is None else shadow
        return scenes.demo_scene(seed)
    finally:
        scene_module.SUN_SHADOW = usual


def without(scene, plants, shadow=None):
    """Return a scene from which things were taken away, with the shadows that they throw under its sun."""
    usual = scene_module.SUN_SHADOW
    try:
        scene_module.SUN_SHADOW = usual if shadow is None else shadow
        casts = scene_module._shadows([cast for plant in plants for cast in plant.thing.casts])
    finally:
        scene_module.SUN_SHADOW = usual
    shadows = {ring.tobytes() for ring in np.split(casts.xyz, casts.start[1:-1])}
    gone = {
        ring.tobytes() for plant in plants for part in (plant.thing.flat, plant.thing.raised) for ring in part.rings
    }
    kept = tuple(plant for plant in scene.plants if not any(plant is one for one in plants))
    layers = {"flat": gone, "shadows": shadows, "raised": gone}
    return replace(scene, plants=kept, **{name: _left(getattr(scene, name), rings) for name, rings in layers.items()})


def _left(faces, gone):
    rings = np.split(faces.xyz, faces.start[1:-1])
    keep = [number for number, ring in enumerate(rings) if ring.tobytes() not in gone]
    counts = [len(rings[number]) for number in keep]
    xyz = np.concatenate([rings[number] for number in keep])
    return Faces(xyz, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), faces.paint[keep])


def photograph(folder, scene, places, yaws, *, height_m, day=1, off_m=(0.0, 0.0), light=(1.0, 0.0), painted=None):
    """Write photos of a scene and their shots.

    ``off_m`` is how wrong the shots' positions are, ``light`` a gain and grey levels added, ``painted`` is called with
    each picture, its rotation and place, and may paint on it.
    """
    (folder / "photos").mkdir(parents=True)
    renderer, rows = Renderer(scene, CAMERA), []
    for number, (place, yaw) in enumerate(zip(places, yaws, strict=True)):
        rotation = camera_to_ned(yaw, -88.0, 0.0)
        image = np.ascontiguousarray(renderer.render(*scene.frame.to_lonlat(place).tolist(), height_m, rotation))
        if painted is not None:
            painted(image, rotation, place)
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
