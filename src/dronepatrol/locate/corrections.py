"""Corrections as a table, and the table's corrections applied to shots."""

import json

import numpy as np
import pandas as pd

from dronepatrol.geo.rotation import angles_of, body_to_ned
from dronepatrol.locate.bundle import Block, Solved
from dronepatrol.locate.gain import by_tilt
from dronepatrol.locate.turned import with_turned
from dronepatrol.locate.view import Ints, Views, convergence_rad
from dronepatrol.model.tables import ADJUSTMENT

YAW_KNOWN_DEG = 5.0
"""1 sigma of a heading that was unknown by half a turn, once tie points have said which."""


def correction_table(
    shots: pd.DataFrame, solved: Solved, views: Views, block: Block, held: Ints, turned: Ints
) -> pd.DataFrame:
    """Return ``tables.ADJUSTMENT`` for all shots; those with ``held`` 0 are no more than turned."""
    lonlat = views.frame.to_lonlat(solved.enu_m[:, :2])
    off = np.degrees(convergence_rad(views.frame, lonlat[:, 0], lonlat[:, 1]))
    angles = angles_of(body_to_ned(off, 0.0, 0.0) @ solved.rotation)
    longer = 1.0 + solved.flights[block.flight, 3]
    upper = np.triu_indices(6)
    moved = solved.change[:, :2] + by_tilt(views, solved)
    columns = {
        "shot_id": shots["shot_id"],
        "flight_id": shots["flight_id"],
        "lon_deg": lonlat[:, 0],
        "lat_deg": lonlat[:, 1],
        "raised_m": solved.change[:, 2],
        "yaw_deg": angles[:, 0],
        "pitch_deg": angles[:, 1],
        "roll_deg": angles[:, 2],
        "fx_px": shots["fx_px"] * longer,
        "fy_px": shots["fy_px"] * longer,
        "position_bias_sigma_m": np.sqrt((solved.flight_sigma[block.flight, :2] ** 2).mean(axis=1)),
        "height_bias_sigma_m": solved.flight_sigma[block.flight, 2],
        "focal_sigma_share": solved.flight_sigma[block.flight, 3],
        "ties": held,
        "moved_m": np.hypot(moved[:, 0], moved[:, 1]),
        "turned_deg": np.degrees(solved.change[:, 5]),
        "turned_over": turned,
        "covariance": [
            json.dumps([float(f"{value:.6g}") for value in one[upper]]) if count else ""
            for one, count in zip(solved.covariance, held, strict=True)
        ],
    }
    return pd.DataFrame(columns)[list(ADJUSTMENT.columns)]


def no_corrections() -> pd.DataFrame:
    """Return ``tables.ADJUSTMENT`` without rows."""
    kinds = {"float": "float64", "str": "str", "int": "int64"}
    return pd.DataFrame({name: pd.Series(dtype=kinds[kind]) for name, kind in ADJUSTMENT.columns.items()})


def adjusted_shots(shots: pd.DataFrame, adjustment: pd.DataFrame) -> pd.DataFrame:
    """Return the shots with the poses, focal lengths and sigmas of an adjustment, and its column ``covariance``.

    Shots that it does not hold stay as they are, but for pictures that were turned over.
    """
    everything = adjustment.set_index("shot_id")
    found = everything[everything["ties"] > 0]
    over = everything["turned_over"].to_dict()
    turned = np.array([over.get(name, 0) for name in shots["shot_id"]], dtype=np.intp)
    table = with_turned(shots, turned)
    held = table["shot_id"].isin(found.index).to_numpy()
    rows = found.loc[table["shot_id"][held]]
    by = np.zeros(len(table))
    by[held] = rows["raised_m"].to_numpy(dtype=float)
    table["height_m"], table["altitude_m"] = table["height_m"] + by, table["altitude_m"] + by
    for name in ("lon_deg", "lat_deg", "yaw_deg", "pitch_deg", "roll_deg", "fx_px", "fy_px",
                 "position_bias_sigma_m", "height_bias_sigma_m", "focal_sigma_share"):  # fmt: skip
        table.loc[held, name] = rows[name].to_numpy(dtype=float)
    table["yaw_sigma_deg"] = np.where(held, np.minimum(table["yaw_sigma_deg"], YAW_KNOWN_DEG), table["yaw_sigma_deg"])
    texts = found["covariance"].to_dict()
    table["covariance"] = [texts.get(name, "") for name in table["shot_id"]]
    return table
