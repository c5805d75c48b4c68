"""A patrol's photos against an earlier visit: ``changes.geojson`` and a picture of each change, before and after."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import shapely
from shapely import Polygon
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from dronepatrol.detect.change import STEP_M, compare
from dronepatrol.errors import DronePatrolError, InputError
from dronepatrol.files import replacing, write_bytes
from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.batch import Skipped
from dronepatrol.model.progress import Progress, Report
from dronepatrol.model.tables import SHOTS
from dronepatrol.patrol.change_views import Earlier, EarlierPhotos, Image, Orthophoto, View
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.tables import read_table

LEAST_COVER = 0.2
"""Share of a photo that the earlier visit must show."""
SEES = 0.8
"""Share of a change that a comparison must show to have a say in it."""
_CROP_PX = 96
_MOST_CROPS = 40


@dataclass(frozen=True, slots=True)
class _Find:
    """One change in one photo; ``ground`` in metres, ``crop`` before beside after."""

    number: int
    ground: Polygon
    appeared: bool
    crop: Image


@dataclass(frozen=True, slots=True)
class _Look:
    """One comparison: the photo, what both pictures show (metres), and when and what the earlier one was."""

    view: View
    shown: BaseGeometry
    before: str
    before_time: str | None


def change(
    folder: PatrolFolder, before: Path, min_area_m2: float, report: Report
) -> tuple[dict[str, Any], list[Skipped]]:
    """Compare the patrol's photos with an earlier visit; writes the changes and a picture of them into the folder.

    Parameters
    ----------
    folder
        A patrol folder with shots.
    before
        The folder of an earlier patrol, or an orthophoto.
    min_area_m2
        Smaller changes are left out.
    report
        Takes the progress.

    Raises
    ------
    InputError
        When the earlier visit cannot be used, or not one photo could be compared.
    """
    if not before.exists():
        msg = f"there is no earlier visit {before}"
        raise InputError(msg, hint="--before takes a patrol folder or a GeoTIFF")
    if before.resolve() == folder.root.resolve():
        msg = f"{before} is the patrol itself; expected an earlier one"
        raise InputError(msg)
    shots = read_table(folder.shots, SHOTS)
    placed = shots[["lon_deg", "lat_deg"]].dropna()
    if placed.empty:
        msg = f"no photo of {folder.root} has a position"
        raise InputError(msg)
    frame = LocalFrame(*placed.median().tolist())
    views, skipped = _views(shots, folder.root, frame)
    earlier = _earlier(before, frame)
    looks: list[_Look] = []
    finds: list[_Find] = []
    for done, view in enumerate(views, start=1):
        try:
            look, found = _compared(view, earlier, min_area_m2, len(looks))
            looks.append(look)
            finds += found
        except DronePatrolError as error:
            skipped.append(Skipped(view.shot_id, error.message, error.hint))
        report(Progress("change", done, len(views)))
    if not looks:
        msg = f"no photo could be compared with {before}"
        first = skipped[0] if skipped else None
        raise InputError(msg, hint=f"{first.item}: {first.reason}" if first else "the patrol has no photos")
    result, crops = _merged(finds, looks, frame)
    _write(folder.root, result, crops)
    return result, skipped


def _views(shots: pd.DataFrame, root: Path, frame: LocalFrame) -> tuple[list[View], list[Skipped]]:
    views, skipped = [], []
    for row in shots.to_dict("records"):
        try:
            views.append(View({str(key): value for key, value in row.items()}, root, frame))
        except InputError as error:
            skipped.append(Skipped(str(row["shot_id"]), error.message, error.hint))
    return views, skipped


def _earlier(before: Path, frame: LocalFrame) -> Earlier:
    if not before.is_dir():
        return Orthophoto(before, frame)
    views, skipped = _views(read_table(PatrolFolder(before).shots, SHOTS), before, frame)
    if not views:
        msg = f"the earlier patrol {before} has no photo that can be compared"
        raise InputError(msg, hint=f"{skipped[0].item}: {skipped[0].reason}" if skipped else "it has no photos")
    return EarlierPhotos(views)


def _compared(view: View, earlier: Earlier, min_area_m2: float, number: int) -> tuple[_Look, list[_Find]]:
    grid = view.grid()
    after, in_after = view.on(grid)
    was = earlier.picture(view.ground, grid)
    shown = in_after & was[1] if was else np.zeros_like(in_after)
    if was is None or shown.mean() < LEAST_COVER * in_after.mean():
        msg = "the earlier visit does not show its place"
        raise InputError(msg, hint="give an earlier visit of the same place")
    before = np.where(shown[..., None], was[0], after)  # alike where nothing can be told
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    before, after, shown, grid = before[part], after[part], shown[part], grid[part]
    right, down = (grid[0, 1] - grid[0, 0]), (grid[1, 0] - grid[0, 0])

    def on_ground(pixels: np.ndarray) -> np.ndarray:
        return np.asarray(grid[0, 0] + pixels[:, :1] * right + pixels[:, 1:] * down)

    finds = []
    for one in compare(before, after, STEP_M, shown=shown, min_area_m2=min_area_m2):
        crop = np.hstack([_crop(image, one.outline_px) for image in (before, after)])
        outline = shapely.transform(one.outline_px, on_ground)
        finds.append(_Find(number, outline.buffer(STEP_M / 2, join_style="mitre"), one.appeared, crop))
    contours, _ = cv2.findContours(shown.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    parts = [shapely.make_valid(Polygon(on_ground(ring[:, 0, :]))) for ring in contours if len(ring) >= 4]
    return _Look(view, shapely.union_all(parts), was[2], was[3]), finds


def _crop(image: Image, outline: Polygon) -> Image:
    """Return the square around an outline, twice as wide as that and red around it, at a fixed size."""
    west, north, east, south = outline.bounds
    half = max(east - west, south - north, 8.0)
    matrix = (
        _CROP_PX / (2 * half) * np.array([[1.0, 0, half - (west + east) / 2], [0, 1.0, half - (north + south) / 2]])
    )
    crop = cv2.warpAffine(image, matrix, (_CROP_PX, _CROP_PX))
    ring = shapely.get_coordinates(outline.exterior) @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(cv2.polylines(crop, [np.rint(ring).astype(np.int32)], True, (0, 0, 255)), dtype=np.uint8)


def _merged(finds: list[_Find], looks: list[_Look], frame: LocalFrame) -> tuple[dict[str, Any], list[Image]]:
    """Return the changes that most of the comparisons which show them agree on, largest first, and their crops.

    Finds that overlap are one change; its outline is that of the find most like the others, since a union would grow
    with every photo.
    """
    kept = []
    for appeared in (True, False):
        own = [find for find in finds if find.appeared is appeared]
        for place in shapely.get_parts(shapely.union_all([find.ground for find in own])).tolist():
            members = [find for find in own if find.ground.intersects(place)]
            agree = {find.number for find in members}
            see = {n for n, look in enumerate(looks) if look.shown.intersection(place).area >= SEES * place.area}
            score = len(agree) / len(agree | see)
            if score > 0.5:
                typical = max(members, key=lambda one: _alike(one, members))
                kept.append((typical.ground, appeared, score, agree, typical.crop))
    kept.sort(key=lambda one: -one[0].area)
    features = []
    for number, (place, appeared, score, which, _) in enumerate(kept, start=1):
        agreeing = [looks[n] for n in sorted(which)]
        properties = {
            "kind": "appeared" if appeared else "disappeared",
            "area_m2": round(place.area, 1),
            "score": round(score, 3),
            "photos": [look.view.shot_id for look in agreeing],
            "before": sorted({look.before for look in agreeing}),
            "before_time": min((look.before_time for look in agreeing if look.before_time), default=None),
            "after_time": max((look.view.time for look in agreeing if look.view.time), default=None),
        }
        polygon = mapping(shapely.orient_polygons(shapely.set_precision(frame.geometry_to_lonlat(place), 1e-8)))
        features.append({"type": "Feature", "id": f"C{number:03d}", "geometry": polygon, "properties": properties})
    result = {
        "type": "FeatureCollection",
        "schema": "dronepatrol/changes/1",
        "compared": len(looks),
        "features": features,
    }
    return result, [one[-1] for one in kept]


def _alike(find: _Find, others: list[_Find]) -> float:
    """Return how much of its outline a find shares with others: intersection over union, summed."""
    return sum(find.ground.intersection(one.ground).area / find.ground.union(one.ground).area for one in others)


def _write(root: Path, result: dict[str, Any], crops: list[Image]) -> None:
    picture = root / "changes.jpg"
    with replacing(root / "changes.geojson") as temporary:
        temporary.write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
        if crops:
            write_bytes(picture, cv2.imencode(".jpg", np.vstack(crops[:_MOST_CROPS]))[1].tobytes())
        else:
            picture.unlink(missing_ok=True)
