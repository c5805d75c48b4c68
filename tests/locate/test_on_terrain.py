"""Places on terrain: the truth set, the choice of heights, and everything that is missing or contradicts itself."""

import numpy as np
import pandas as pd
import pytest

from dronepatrol.geo.local import LocalFrame
from dronepatrol.locate.heights import TakeOff, over_terrain
from dronepatrol.locate.observe import Site, observe
from dronepatrol.model.altitude import AltitudeReference
from dronepatrol.model.tables import DETECTIONS, SHOTS
from dronepatrol.sim.noise import NOISE
from dronepatrol.terrain.flat import FlatTerrain

FRAME = LocalFrame(121.08, 30.82)
ELLIPSOID, AMSL = AltitudeReference.ELLIPSOID, AltitudeReference.AMSL


class Slope:
    """Ground that rises by a tenth to the east, from 5 m; known west of ``edge`` metres, with a hole."""

    source = "made-up slope"

    def __init__(self, edge: float = 1e9, hole: bool = False) -> None:
        self.edge, self.hole = edge, hole

    def height_m(self, lonlat) -> np.ndarray:
        east, north = np.moveaxis(FRAME.to_metres(lonlat), -1, 0)
        height = np.where(east < self.edge, 5.0 + 0.1 * east, np.nan)
        return np.where(self.hole & (np.hypot(east - 20, north) < 5), np.nan, height)


def shots(*changes: dict) -> pd.DataFrame:
    rows = []
    for number, change in enumerate(changes or ({},)):
        row = {name: "" if kind == "str" else 0.0 for name, kind in SHOTS.columns.items()}
        lon, lat = FRAME.to_lonlat((0.0, 0.0))
        row |= {"shot_id": f"s{number}", "flight_id": "f", "attitude_of": "camera", "lon_deg": lon, "lat_deg": lat}
        row |= {"time_utc": pd.Timestamp("2026-11-20T01:00Z"), "height_m": 80.0, "pitch_deg": -90.0, "geometry": None}
        row |= {"altitude_m": 85.0, "altitude_reference": "AMSL", "image_width_px": 2000, "image_height_px": 1500}
        row |= {"fx_px": 1500.0, "fy_px": 1500.0, "cx_px": 999.5, "cy_px": 749.5, "position_sigma_m": 1.0}
        row |= {"position_bias_sigma_m": 1.0, "height_sigma_m": 0.5, "height_bias_sigma_m": 1.0, "yaw_sigma_deg": 1.0}
        row |= {"pitch_sigma_deg": 0.7, "roll_sigma_deg": 0.7, "focal_sigma_share": 0.003}
        rows.append(row | change)
    return pd.DataFrame(rows)


def box(shot: str, column: float, row: float, half: float = 5.0, kind: str = "thing") -> pd.DataFrame:
    values = (f"{shot}#1", shot, kind, 0.9, column - half, row - half, column + half, row + half, "made", "", "")
    return pd.DataFrame([values], columns=list(DETECTIONS.columns))


def placed(table, terrain, boxes, **asked):
    levels = over_terrain(
        table, terrain, asked.pop("counted", AMSL), asked.pop("take_offs", {}), asked.pop("geoid", None)
    )
    site = Site(0.0, terrain, 1.0, 0.5)
    found, skipped = observe(boxes, table, object_height_m=asked.get("tall", {}), site=site, levels=levels)
    return found, skipped, levels


def test_a_slope_is_hit_where_it_is() -> None:
    found, skipped, _ = placed(shots(), Slope(), box("s0", 1499.5, 749.5))
    assert not skipped
    east, north = FRAME.to_metres((found.geometry.x[0], found.geometry.y[0]))
    assert east == pytest.approx(80 / (3 + 0.1), abs=0.05)  # 85 - e * 3 = 5 + 0.1 e
    assert north == pytest.approx(0.0, abs=0.05)
    assert "made-up slope" in found["method"][0]


def test_holes_and_edges_are_filled_and_owned_up_to() -> None:
    whole, _, _ = placed(shots(), Slope(), box("s0", 1374.5, 749.5))
    hole, _, _ = placed(shots(), Slope(hole=True), box("s0", 1374.5, 749.5))
    beyond, skipped, _ = placed(shots(), Slope(edge=10.0), box("s0", 1499.5, 749.5))
    assert not skipped
    for found in (hole, beyond):
        assert "filled" in found["method"][0]
        assert found["bias_ee_m2"][0] > whole["bias_ee_m2"][0]
    assert "filled" not in whole["method"][0]


def test_a_model_that_covers_nothing_leaves_shots_without_height() -> None:
    found, skipped, _ = placed(shots({"altitude_reference": "HOME"}), Slope(edge=-1e6), box("s0", 1000.0, 700.0))
    assert found.empty
    assert skipped[0].reason == "its shot has no height"


def test_relative_altitude_needs_no_datum_and_absolute_altitude_the_geoid() -> None:
    rtk = {"altitude_m": 96.0, "altitude_reference": "ELLIPSOID", "position_sigma_m": 0.01}
    take_off = {"f": TakeOff(121.08, 30.82, "dock")}
    ground = FlatTerrain(5.0)
    for geoid, by in ((None, "take-off (dock)"), (lambda lonlat: np.full(lonlat.shape[:-1], 11.0), "take-off (dock)")):
        levels = over_terrain(shots(rtk), ground, AMSL, take_off, geoid)
        assert by in levels.method[0]
        assert levels.up_m[0] == pytest.approx(85.0)
        assert levels.notes == ()
    far = {"f": TakeOff(121.08, 30.82, "as told", 400.0)}
    levels = over_terrain(shots(rtk), Slope(), AMSL, far, lambda lonlat: np.full(lonlat.shape[:-1], 11.0))
    assert levels.method[0] == "ellipsoidal altitude"
    assert levels.up_m[0] == pytest.approx(85.0)
    assert "take-off" in over_terrain(shots(rtk), Slope(), AMSL, far).method[0]


def test_without_relative_altitude_the_absolute_one_still_places() -> None:
    table = shots({"height_m": np.nan, "height_sigma_m": np.nan, "height_bias_sigma_m": np.nan})
    found, skipped, levels = placed(table, Slope(), box("s0", 1499.5, 749.5))
    assert not skipped
    assert levels.method[0] == "absolute altitude"
    assert found["bias_ee_m2"][0] > 9.0  # ten metres of a flight's altitude, a third of it to the side


def test_heights_that_contradict_each_other_are_told() -> None:
    rtk = {"altitude_m": 140.0, "altitude_reference": "ELLIPSOID", "position_sigma_m": 0.01}
    levels = over_terrain(shots(rtk), FlatTerrain(5.0), ELLIPSOID, {"f": TakeOff(121.08, 30.82, "dock")})
    (note,) = levels.notes
    assert note.startswith("flight f: take-off height")
    assert "-55.0 m" in note


def test_flights_with_different_zeros_are_each_placed_by_their_own() -> None:
    other = {"flight_id": "g", "altitude_m": 85.0, "altitude_reference": "ELLIPSOID", "position_sigma_m": 0.01,
             "height_m": np.nan}  # fmt: skip
    levels = over_terrain(shots({}, other), FlatTerrain(5.0), ELLIPSOID, {"f": TakeOff(121.08, 30.82, "dock")})
    assert levels.up_m == pytest.approx([85.0, 85.0])
    assert levels.method[0] != levels.method[1]


def test_a_view_from_the_side_is_placed_at_the_base() -> None:
    """A post 6 m high, seen at 45 degrees: its box reaches from its foot to its top."""
    looking = {"pitch_deg": -45.0}
    down = 80.0 * np.sqrt(2)
    top = 1500 * np.tan(np.radians(45) - np.arctan2(74.0, 80.0))  # rows above the middle, which shows the foot
    foot_row, top_row = 749.5, 749.5 - top
    boxes = box("s0", 999.5, 700.0)
    boxes[["y1_px", "y2_px"]] = top_row, foot_row
    found, _, _ = placed(shots(looking), FlatTerrain(5.0), boxes, tall={"thing": 6.0})
    east, north = FRAME.to_metres((found.geometry.x[0], found.geometry.y[0]))
    assert (east, north) == pytest.approx((0.0, 80.0), abs=0.3)
    assert "base of the box" in found["method"][0]
    flat, _, _ = placed(shots(looking), FlatTerrain(5.0), boxes)
    assert found["bias_nn_m2"][0] > flat["bias_nn_m2"][0] + 2.0  # 1.8 m of height, at 45 degrees
    assert down > 0


def test_the_truth_set(testdata, benchmark_of) -> None:
    """Two frames of a survey drone with RTK on a surface model."""
    figures = benchmark_of("locate").on_truth(testdata("imagery/p4rtk_truth"))
    assert figures["median_m"] <= 3.6
    assert figures["p90_m"] <= 6.6
    assert figures["inside_95_share"] >= 0.9
    assert figures["semi_major_median_m"] <= 10.0


@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_simulated_flights_are_as_far_off_as_the_table_says_and_worse_ones_are_told(factor, benchmark_of) -> None:
    noise = benchmark_of("boxed").scaled(NOISE, factor)
    figures = benchmark_of("locate").flown(300, 11, noise)
    if factor == 1.0:
        assert figures["normalised_error_squared"] == pytest.approx(2.0, abs=0.25)
        assert max(map(abs, figures["mean_error_in_standard_errors"])) < 3.5
    else:
        assert figures["normalised_error_squared"] > 3.5
        assert figures["verdict"].startswith("worse")
