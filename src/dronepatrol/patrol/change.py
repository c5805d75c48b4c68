"""A patrol's photos against an earlier visit: ``changes.geojson`` and a picture of each change, before and after."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import pandas as pd
import shapely
from shapely.ops import nearest_points

from dronepatrol.errors import DronePatrolError, InputError
from dronepatrol.files import replacing, write_bytes
from dronepatrol.geo.local import WGS84, LocalFrame
from dronepatrol.locate.corrections import adjusted_shots
from dronepatrol.model.batch import Skipped
from dronepatrol.model.progress import Progress, Report
from dronepatrol.model.tables import ADJUSTMENT, SHOTS
from dronepatrol.patrol.change_looks import Look, compared
from dronepatrol.patrol.change_orthophoto import Orthophoto
from dronepatrol.patrol.change_picture import picture
from dronepatrol.patrol.change_views import Earlier, EarlierPhotos, Image, Read, View, read_photo
from dronepatrol.patrol.change_votes import feature, voted
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.tables import read_table

_KEPT = 2  # photos in memory at full size: one of each visit


def change(
    folder: PatrolFolder, before: Path, min_area_m2: float, report: Report
) -> tuple[dict[str, Any], list[Skipped]]:
    """Compare the patrol's photos with an earlier visit; writes the changes and a picture of them into the folder.

    Parameters
    ----------
    folder
        A patrol folder with shots. Where it, or the earlier one, has an adjustment, its poses are taken.
    before
        The folder of an earlier patrol, or an orthophoto.
    min_area_m2
        Smaller structures are left out, and heaps smaller than ``change_looks.HEAP_SHARE`` of it.
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
    shots = _shots(folder)
    placed = shots[["lon_deg", "lat_deg"]].dropna()
    if placed.empty:
        msg = f"no photo of {folder.root} has a position"
        raise InputError(msg)
    frame, read = LocalFrame(*placed.median().tolist()), lru_cache(maxsize=_KEPT)(read_photo)
    views, skipped = _views(shots, folder.root, frame, read)
    earlier = _earlier(before, frame, read)
    _check_places(views, earlier, frame, before)
    looks: list[Look] = []
    for done, view in enumerate(views, start=1):
        try:
            looks.append(compared(view, earlier, min_area_m2))
        except DronePatrolError as error:
            skipped.append(Skipped(view.shot_id, error.message, error.hint))
        report(Progress("change", done, len(views)))
    if not looks:
        msg = f"no photo could be compared with {before}"
        first = skipped[0] if skipped else None
        raise InputError(msg, hint=f"{first.item}: {first.reason}" if first else "the patrol has no photos")
    changes = voted(looks)
    features = [feature(number, one, frame) for number, one in enumerate(changes, start=1)]
    result = {
        "type": "FeatureCollection",
        "schema": "dronepatrol/changes/2",
        "compared": len(looks),
        "compared_for_heaps": sum(not look.no_heaps for look in looks),
        "notes": _notes(looks, before),
        "features": features,
    }
    _write(folder.root, result, picture(changes, features) if changes else None)
    return result, skipped


def _shots(folder: PatrolFolder) -> pd.DataFrame:
    """Return a patrol's shots, with the poses of its adjustment where it has one."""
    shots = read_table(folder.shots, SHOTS)
    return adjusted_shots(shots, read_table(folder.adjustment, ADJUSTMENT)) if folder.adjustment.exists() else shots


def _views(shots: pd.DataFrame, root: Path, frame: LocalFrame, read: Read) -> tuple[list[View], list[Skipped]]:
    views, skipped = [], []
    for row in shots.to_dict("records"):
        try:
            views.append(View({str(key): value for key, value in row.items()}, root, frame, read))
        except InputError as error:
            skipped.append(Skipped(str(row["shot_id"]), error.message, error.hint))
    return views, skipped


def _earlier(before: Path, frame: LocalFrame, read: Read) -> Earlier:
    if not before.is_dir():
        return Orthophoto(before, frame)
    views, skipped = _views(_shots(PatrolFolder(before)), before, frame, read)
    if not views:
        msg = f"the earlier patrol {before} has no photo that can be compared"
        raise InputError(msg, hint=f"{skipped[0].item}: {skipped[0].reason}" if skipped else "it has no photos")
    return EarlierPhotos(views, frame)


def _check_places(views: list[View], earlier: Earlier, frame: LocalFrame, before: Path) -> None:
    """Refuse an earlier visit of quite another place, before a picture is read."""
    seen = frame.geometry_to_lonlat(shapely.union_all([view.ground for view in views]))
    if seen.is_empty or seen.intersects(earlier.extent):
        return
    (lon, lat), (other_lon, other_lat) = (point.coords[0] for point in nearest_points(seen, earlier.extent))
    away_m = WGS84.inv(lon, lat, other_lon, other_lat)[2]
    far = f"{away_m:.0f} m" if away_m < 10_000 else f"{away_m / 1000:.0f} km"
    msg = f"the earlier visit {before} shows another place, {far} away from the patrol's photos"
    raise InputError(msg, hint="give an earlier visit of the same place; if it is one, its coordinates are wrong")


def _notes(looks: list[Look], before: Path) -> list[str]:
    """Return what a reader of the changes should know: what was not compared, and what is odd."""
    notes = []
    without = [look for look in looks if look.no_heaps]
    if without:
        which, first = _share(without, looks), without[0]
        notes.append(f"{which} of the photos are not compared for heaps; {first.view.shot_id}: {first.no_heaps}")
    if unlike := [look for look in looks if not look.is_registered]:
        which, first = _share(unlike, looks), unlike[0]
        notes.append(
            f"{which} of the photos are too unlike the earlier visit to be registered, {first.view.shot_id} first: "
            "there structures are compared where the poses put them"
        )
    if _is_later(looks):
        notes.append(
            f"{before} was taken after the patrol: what appeared and what disappeared may be the wrong way round"
        )
    return notes


def _share(some: list[Look], looks: list[Look]) -> str:
    return "all" if len(some) == len(looks) else f"{len(some)} of {len(looks)}"


def _is_later(looks: list[Look]) -> bool:
    """Return whether all pictures of the earlier visit are a day or more younger than the patrol's; dates only."""
    was = [look.source.time[:10] for look in looks if look.source.time]
    now = [look.view.time[:10] for look in looks if look.view.time]
    return bool(was and now) and min(was) > max(now)


def _write(root: Path, result: dict[str, Any], shown: Image | None) -> None:
    path = root / "changes.jpg"
    with replacing(root / "changes.geojson") as temporary:
        temporary.write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
        if shown is not None:
            write_bytes(path, cv2.imencode(".jpg", shown)[1].tobytes())
        else:
            path.unlink(missing_ok=True)
