"""What a strip adjustment gained, by tie points that it has not seen."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dronepatrol.locate.bundle import Solved
from dronepatrol.locate.error import Floats
from dronepatrol.locate.project import ground_of
from dronepatrol.locate.surface import Ground
from dronepatrol.locate.tracks import Ties
from dronepatrol.locate.turned import with_turned
from dronepatrol.locate.view import Ints, Views, views_of


@dataclass(frozen=True, slots=True)
class Gain:
    """What an adjustment did.

    Disagreement is how far apart, on the ground, two photos put the same tie point that the solve has not seen: median
    and 90 % quantile in metres, as the files say, with the turned pictures alone read right, and after the solve.
    ``position_shift_m`` and ``ground_shift_m`` are by how much the block's cameras, and what they look at, moved on
    average: the first is held to the GNSS.
    """

    photos: int
    adjusted: int
    turned_over: tuple[str, ...]
    ties: int
    held_out: int
    as_read_median_m: float
    before_median_m: float
    before_p90_m: float
    after_median_m: float
    after_p90_m: float
    position_shift_m: float
    ground_shift_m: float
    controls: int
    notes: tuple[str, ...]


def no_gain(photos: int, why: str) -> Gain:
    """Return that nothing was adjusted, and why."""
    nan = float("nan")
    return Gain(photos, 0, (), 0, 0, nan, nan, nan, nan, nan, 0.0, 0.0, 0, (why,))


def by_tilt(views: Views, solved: Solved) -> Floats:
    """Return (n, 2) metres by which the turns alone move what the optical axis meets one height below."""
    before, after = views.rotation[:, :, 2], solved.rotation[:, :, 2]
    height = views.enu_m[:, 2:]
    with np.errstate(divide="ignore", invalid="ignore"):
        lean = after[:, 1::-1] / after[:, 2:] - before[:, 1::-1] / before[:, 2:]
    return np.asarray(np.where(np.isfinite(lean), lean, 0.0) * height)


@dataclass(frozen=True, slots=True)
class Result:
    """What an adjustment of n shots came to: their poses before and after, the flight of each, which of them count.

    ``enough`` (n,) whether a shot is held by enough ties; ``turned`` (n,) 1 where its picture is turned over.
    """

    before: Views
    solved: Solved
    flight: Ints
    ties: Ties
    enough: NDArray[np.bool_]
    turned: Ints
    controls: int


def gain(result: Result, shots: pd.DataFrame, photos: int, ground: Ground) -> Gain:
    """Return what was gained, on the ties that were held out.

    Parameters
    ----------
    result
        What was solved.
    shots
        The n shots, turned pictures read right.
    photos
        Number of photos of the whole batch.
    ground
        The ground.
    """
    views, solved, ties, enough = result.before, result.solved, result.ties, result.enough
    up = views.enu_m[:, 2]
    heights = (up, (views.height_m, views.height_bias_m))
    as_read = views_of(with_turned(shots, result.turned), views.frame, *heights)  # a second half turn undoes the first
    longer = 1.0 + solved.flights[result.flight, 3]
    focal = {name: shots[name] * longer for name in ("fx_px", "fy_px")}
    scaled = views_of(shots.assign(**focal), views.frame, *heights)
    new = replace(scaled, enu_m=solved.enu_m, rotation=solved.rotation)
    rows = np.flatnonzero((ties.held_out == 1) & enough[ties.photo])
    read, before, after = (_disagreement(one, ground, ties, rows) for one in (as_read, views, new))
    moved = solved.change[enough, :2]
    on_ground = moved + by_tilt(views, solved)[enough]
    notes = []
    if len(after) and np.median(after) > np.median(before):
        notes.append("the adjustment made tie points agree worse: it is better left out")
    return Gain(
        photos=photos,
        adjusted=int(enough.sum()),
        turned_over=tuple(shots["shot_id"][result.turned == 1]),
        ties=ties.count,
        held_out=len(after),
        as_read_median_m=_quantile(read, 0.5),
        before_median_m=_quantile(before, 0.5),
        before_p90_m=_quantile(before, 0.9),
        after_median_m=_quantile(after, 0.5),
        after_p90_m=_quantile(after, 0.9),
        position_shift_m=float(np.linalg.norm(moved.mean(axis=0))) if len(moved) else 0.0,
        ground_shift_m=float(np.linalg.norm(on_ground.mean(axis=0))) if len(moved) else 0.0,
        controls=result.controls,
        notes=tuple(notes),
    )


def _disagreement(views: Views, ground: Ground, ties: Ties, rows: Ints) -> Floats:
    """Return how far apart, in metres, consecutive photos of each held-out tie put it on the ground."""
    place = ground_of(views, ground, ties.photo[rows], ties.pixels[rows])[:, :2]
    order = np.lexsort((ties.photo[rows], ties.track[rows]))
    track, place = ties.track[rows][order], place[order]
    apart = np.linalg.norm(np.diff(place, axis=0), axis=1)[np.diff(track) == 0]
    return np.asarray(apart[np.isfinite(apart)])


def _quantile(values: Floats, share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else float("nan")
