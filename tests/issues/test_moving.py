"""Vehicles that drive, and frames of a video that show one thing."""

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

from dronepatrol.geo.local import LocalFrame
from dronepatrol.issues.find import find_issues
from dronepatrol.issues.merge import merge
from dronepatrol.model.tables import OBSERVATIONS

FRAME = LocalFrame(121.08, 30.82)


def seen(*rows: tuple, track: str = "") -> geopandas.GeoDataFrame:
    """Rows of (photo number, kind, east, north), a photo every 3 s."""
    table = []
    for number, (photo, kind, east, north) in enumerate(rows):
        row = {name: 1.0 if of == "float" else "" for name, of in OBSERVATIONS.columns.items()}
        shot = f"s{photo:03d}"
        table.append(row | {
            "observation_id": f"{shot}#{number}", "shot_id": shot, "flight_id": "f", "photo": f"{shot}.jpg",
            "time_utc": pd.Timestamp("2026-11-20T01:00:00Z") + pd.Timedelta(seconds=3 * photo), "kind": kind,
            "score": 0.8, "length_m": 4.5, "width_m": 1.9, "gsd_m": 0.05, "off_nadir_deg": 10.0, "photo_en_m2": 0.0,
            "bias_en_m2": 0.0, "x2_px": 90.0, "y2_px": 40.0, "track_id": track,
            "geometry": shapely.Point(FRAME.to_lonlat((east, north))),
        })  # fmt: skip
    return geopandas.GeoDataFrame(table, geometry="geometry", crs="EPSG:4326")


def shots(photos: int, step_m: float, half_m: float = 50.0) -> geopandas.GeoDataFrame:
    boxes = [shapely.box(-half_m, step_m * i - half_m, half_m, step_m * i + half_m) for i in range(photos)]
    return geopandas.GeoDataFrame(
        {"shot_id": (names := [f"s{i:03d}" for i in range(photos)]), "photo": [f"{name}.jpg" for name in names],
         "quality": ""},
        geometry=[FRAME.geometry_to_lonlat(box) for box in boxes], crs="EPSG:4326",
    )  # fmt: skip


def test_a_vehicle_that_drives_is_one_where_it_was_seen_last() -> None:
    course = [(i, "car_parking", -10.0 + 15.0 * i, 5.0 + 18.0 * i) for i in range(4)]
    parked = [(i, "car_parking", 20.0, 30.0) for i in range(3)]
    clusters = merge(seen(*course, *parked), shots(4, 20.0))
    assert sorted(len(one.observation_ids) for one in clusters) == [3, 4]
    (driving,) = [one for one in clusters if one.moving]
    assert len(driving.observation_ids) == 4
    assert FRAME.to_metres((driving.lon_deg, driving.lat_deg)) == pytest.approx(course[-1][2:], abs=1e-6)


def test_a_row_of_parked_cars_of_which_each_photo_shows_the_next_does_not_drive() -> None:
    row = [(i, "car_parking", 0.0, 20.0 * i) for i in range(5)]
    clusters = merge(seen(*row), shots(5, 20.0, half_m=9.0))
    assert len(clusters) == 5
    assert not any(one.moving for one in clusters)


def test_what_does_not_drive_is_not_joined() -> None:
    course = [(i, "exposed_garbage", 0.0, 18.0 * i) for i in range(4)]
    assert not any(one.moving for one in merge(seen(*course), shots(4, 20.0)))


def test_a_moving_vehicle_is_an_issue_that_says_so() -> None:
    course = [(i, "car", -10.0 + 15.0 * i, 5.0 + 18.0 * i) for i in range(4)]
    (issue,) = find_issues("p", seen(*course), shots(4, 20.0), {})
    assert issue.moving
    assert issue.rule.startswith("moving, seen at 4 places")


def test_a_track_counts_once_and_keeps_all_its_frames() -> None:
    frames = [(i, "car_parking", 0.1 * i, 0.0) for i in range(30)]
    (tracked,) = merge(seen(*frames, track="t1"))
    (loose,) = merge(seen(*frames))
    assert len(tracked.observation_ids) == len(loose.observation_ids) == 30
    assert tracked.covariance_en_m2[0] == pytest.approx(2.0, rel=0.01)  # one sighting, not thirty
    assert loose.covariance_en_m2[0] < 1.2


def test_two_tracks_of_one_flight_stay_two() -> None:
    one = seen(*[(i, "car_parking", 0.0, 0.0) for i in range(5)], track="t1")
    two = seen(*[(i, "car_parking", 8.0, 0.0) for i in range(5)], track="t2")
    two["observation_id"] += "b"
    assert len(merge(pd.concat([one, two], ignore_index=True))) == 2


def test_size_is_that_of_the_steepest_views() -> None:
    table = seen(*[(i, "car", 0.0, 0.0) for i in range(4)])
    table["off_nadir_deg"] = [5.0, 10.0, 50.0, 60.0]
    table["length_m"] = [4.4, 4.6, 7.0, 9.0]
    (issue,) = find_issues("p", table, shots(4, 1.0), {})
    assert issue.length_m == pytest.approx(4.5)
    assert np.isfinite(issue.width_m)
