"""``changes.jpg``: each change before and after, north up [opencv]."""

from typing import Any

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from dronepatrol.patrol.change_views import Floats, Image
from dronepatrol.patrol.change_votes import Change

MOST = 40
"""Changes on the picture: the largest."""
_SIDE_PX, _TITLE_PX, _GAP_PX = 384, 46, 6
_LEAST_M, _WIDER = 24.0, 2.5  # metres across, and how many times the change
_RED, _WHITE, _DARK = (40, 40, 235), (255, 255, 255), (45, 45, 45)


def picture(changes: list[Change], features: list[dict[str, Any]]) -> Image:
    """Return one row for each of the first changes: before left, after right, its outline in both.

    Raises
    ------
    InputError
        When a picture that could be read before cannot be read any more.
    """
    return np.vstack([_row(one, feature) for one, feature in zip(changes[:MOST], features, strict=False)])


def _row(one: Change, feature: dict[str, Any]) -> Image:
    west, south, east, north = one.ground.bounds
    side_m = max(_LEAST_M, _WIDER * (east - west), _WIDER * (north - south))
    step_m = side_m / _SIDE_PX
    away = (np.arange(_SIDE_PX) + 0.5) * step_m - side_m / 2
    centre = np.array([west + east, south + north]) / 2
    grid: Floats = centre + np.stack(np.meshgrid(away, -away), axis=-1)
    corner = centre + np.array([-1, 1]) * side_m / 2
    ring = (shapely.get_coordinates(one.ground.exterior) - corner) * (1, -1) / step_m - 0.5
    sides = [
        _side(one.best.source.on(grid - one.best.moved_m, step_m), ring, f"before {_day(one.best.source.time)}"),
        _side(one.best.view.on(grid, step_m), ring, f"after {_day(one.best.view.time)}"),
    ]
    _scale_bar(sides[1], step_m)
    gap = np.full((_SIDE_PX, _GAP_PX, 3), _WHITE, dtype=np.uint8)
    return np.vstack([_title(feature), np.hstack([sides[0], gap, sides[1]])])


def _day(time: str | None) -> str:
    return "(no date)" if time is None else time[:10]


def _side(seen: tuple[Image, NDArray[np.bool_]], ring: Floats, label: str) -> Image:
    """Return a picture, grey where nothing is known, with the outline and a label on it."""
    image = np.where(seen[1][..., None], seen[0], np.uint8(128))
    points = np.rint(ring * 16).astype(np.int32)
    cv2.polylines(image, [points], True, _WHITE, 3, cv2.LINE_AA, 4)
    cv2.polylines(image, [points], True, _RED, 1, cv2.LINE_AA, 4)
    _write(image, label, (8, 20))
    return image


def _title(feature: dict[str, Any]) -> Image:
    """Return the strip above a row: number, kind, what, size, and who saw it."""
    said = feature["properties"]
    band = np.full((_TITLE_PX, 2 * _SIDE_PX + _GAP_PX, 3), _WHITE, dtype=np.uint8)
    what = f"{said['what']} ({said['heap_kind'].replace('_', ' ')})" if said["heap_kind"] else said["what"]
    first = f"{feature['id']}  {what} {said['kind']}, {said['area_m2']:.0f} m2"
    photos = len(said["photos"])
    second = f"{photos} photo{'s' if photos > 1 else ''}, {said['score']:.0%} of those that show the place; north is up"
    cv2.putText(band, first, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.55, _DARK, 1, cv2.LINE_AA)
    cv2.putText(band, second, (8, 38), cv2.FONT_HERSHEY_SIMPLEX, 0.42, _DARK, 1, cv2.LINE_AA)
    return band


def _scale_bar(image: Image, step_m: float) -> None:
    """Draw 5, 10, 20 … m: the longest that fits a third of the picture."""
    length_m = max(one for one in (5, 10, 20, 50, 100, 200, 500, 1000, 0) if one <= _SIDE_PX * step_m / 3)
    end, y = 10 + round(length_m / step_m), _SIDE_PX - 12
    cv2.line(image, (10, y), (end, y), _DARK, 5)
    cv2.line(image, (10, y), (end, y), _WHITE, 3)
    _write(image, f"{length_m} m", (10, y - 8))


def _write(image: Image, text: str, at: tuple[int, int]) -> None:
    (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)
    cv2.rectangle(image, (at[0] - 4, at[1] - height - 4), (at[0] + width + 4, at[1] + below), _DARK, -1)
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, _WHITE, 1, cv2.LINE_AA)
