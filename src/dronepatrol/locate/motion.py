"""How fast cameras move and how long they take to read a picture out: what a wrong time costs in metres."""

import tomllib
from functools import cache
from importlib import resources

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LONGEST_GAP_S = 15.0
"""Photos further apart in time than this say nothing about the speed between them."""


def velocities_m_s(shots: pd.DataFrame, east_north_m: Floats) -> Floats:
    """Return (n, 2) metres per second east and north, by the flight's photos before and after; 0 where there are none.

    A drone that stops for each photo counts as moving: that errs on the wide side.
    """
    found = np.zeros((len(shots), 2))
    if not len(shots):
        return found
    time_s = shots["time_utc"].to_numpy(dtype="datetime64[ns]").astype(np.int64) * 1e-9
    known = shots["time_utc"].notna().to_numpy() & np.isfinite(east_north_m).all(axis=1)
    _, flight = np.unique(shots["flight_id"].to_numpy(dtype=str), return_inverse=True)
    order = np.lexsort((time_s, flight))
    order = order[known[order]]
    gap_s, moved = np.diff(time_s[order]), np.diff(east_north_m[order], axis=0)
    near = (np.diff(flight[order]) == 0) & (gap_s > 0) & (gap_s <= _LONGEST_GAP_S)
    speed = np.where(near[:, None], moved / np.where(near, gap_s, 1.0)[:, None], 0.0)
    total, count = np.zeros((len(order), 2)), np.zeros(len(order))
    total[:-1] += speed
    total[1:] += speed
    count[:-1] += near
    count[1:] += near
    found[order] = total / np.maximum(count, 1)[:, None]
    return found


@cache
def _readouts() -> tuple[float, dict[str, float]]:
    text = resources.files("dronepatrol.data").joinpath("shutters.toml").read_text("utf-8")
    table = tomllib.loads(text)
    default_s = float(table.pop("default_s"))
    return default_s, {f"{make} {model}": float(s) for make, models in table.items() for model, s in models.items()}


def readout_s(shots: pd.DataFrame) -> Floats:
    """Return (n,) seconds in which each shot's camera reads its rows out, by its model (``data/shutters.toml``)."""
    default_s, known = _readouts()
    models = shots["camera_model"] if "camera_model" in shots else pd.Series("", index=shots.index)
    return np.array([known.get(str(model).lower(), default_s) for model in models], dtype=float)
