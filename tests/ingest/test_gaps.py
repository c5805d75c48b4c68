"""Planned photos that are on no shot are found, whatever else is wrong with the shots."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.geo.local import WGS84
from dronepatrol.model.mission import Dock, Mission, Sortie, Waypoint
from dronepatrol.patrol.gaps import gaps_in

STEP_M, PHOTOS = 20.0, 11
DOCK = Dock("dock", "dock", 121.0, 30.7, 4.0)


def place(n: int) -> tuple[float, float]:
    lon, lat, _ = WGS84.fwd(121.0, 30.701, 90.0, STEP_M * n)
    return lon, lat


MISSION = Mission(
    "", 0, "", "", "", 100.0, 0.0, 0.0, 0.0, (), (),
    (Sortie("sortie-01", DOCK, (Waypoint(*place(0), 100.0, STEP_M), Waypoint(*place(10), 100.0)),
            8.0, 100.0, 200.0, 60.0, 20.0, PHOTOS),),
)  # fmt: skip


def shots(taken, quality=None):
    places = [place(n) for n in taken]
    return pd.DataFrame(
        {
            "lon_deg": [lon for lon, _ in places],
            "lat_deg": [lat for _, lat in places],
            "quality": pd.Series([(quality or {}).get(n, "") for n in taken], dtype="str"),
        }
    )


@given(st.sets(st.integers(0, PHOTOS - 1), min_size=1))
@settings(max_examples=60)
def test_gaps_are_exactly_what_was_not_taken(taken):
    found = gaps_in(MISSION, shots(sorted(taken)))
    missing = [n for gap in found for n in range(gap.first - 1, gap.last)]
    assert missing == [n for n in range(PHOTOS) if n not in taken]
    assert all(one.last + 1 < two.first for one, two in pairwise(found))


@pytest.mark.parametrize(
    ("flag", "counts"),
    [
        ("blurred", 1),
        ("gimbal at the horizon", 1),
        ("no attitude;lens cap or no light", 1),
        ("position out of place: 4 km from its flight", 1),
        ("wrong hemisphere: EXIF and XMP positions differ in sign", 1),
        ("time zone assumed UTC+08:00", 0),
        ("edited by Some Viewer 10: may be turned, heading unknown", 0),
        ("underexposed", 0),
    ],
)
def test_photo_that_shows_nothing_was_not_taken(flag, counts):
    found = gaps_in(MISSION, shots(range(PHOTOS), {4: flag}))
    assert [(gap.first, gap.last) for gap in found] == [(5, 5)] * counts


def test_no_shots_leave_the_whole_sortie_open():
    (gap,) = gaps_in(MISSION, shots([]))
    assert (gap.sortie_id, gap.first, gap.last, gap.planned) == ("sortie-01", 1, PHOTOS, PHOTOS)
    assert "planned photos 1 to 11 of 11" in gap.text


def test_wind_beside_the_lane_is_no_gap():
    moved = shots(range(PHOTOS))
    moved["lat_deg"] += np.where(np.arange(PHOTOS) % 2, 5.0, -5.0) / 111_000
    assert gaps_in(MISSION, moved) == []
