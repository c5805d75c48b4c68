"""Which photos saw a place: the same answer as going the other way, and nothing through a wall."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.geo.local import LocalFrame
from dronepatrol.geo.rotation import camera_to_ned
from dronepatrol.locate.evidence import evidence_table, who_sees
from dronepatrol.locate.project import place
from dronepatrol.locate.surface import Grid, Level
from dronepatrol.locate.view import Views
from dronepatrol.model.camera import Camera

CAMERA = Camera((2048, 1536), 1500.0, 1500.0, 1023.5, 767.5, (-0.05, 0.01, 0.0, 0.0, 0.0))


def views(positions, *, yaw=0.0, pitch=-90.0) -> Views:
    enu = np.asarray(positions, dtype=float)
    n, one = len(enu), np.ones(len(enu))
    rotation = np.broadcast_to(camera_to_ned(yaw, pitch, 0.0), (n, 3, 3)).copy()
    return Views(LocalFrame(121.0, 30.8), enu, rotation, np.radians(yaw) * one, (CAMERA,), np.zeros(n, dtype=np.intp),
                 np.zeros((n, 2)), 0 * one, one, one, 0.5 * one, one, 0.03 * one, 0.01 * one, 0.01 * one, 0 * one,
                 0.01 * one, np.full((n, 6, 6), np.nan))  # fmt: skip


@settings(max_examples=40)
@given(st.floats(-180, 180), st.floats(-90, -55), st.floats(0, 2047), st.floats(0, 1535), st.floats(30, 120))
def test_a_place_that_a_pixel_shows_is_seen_in_that_pixel(yaw, pitch, column, row, height) -> None:
    made, zero = views([(10.0, -5.0, height)], yaw=yaw, pitch=pitch), np.zeros(1)
    ground = Level(2.0, 0.0, "level")
    pixel = np.array([[column, row]])
    found = place(made, np.array([0]), pixel, ground, box_px=0.0, above_m=zero, above_sigma_m=zero)
    if not np.isfinite(found.depth_m).all():
        return
    seen = who_sees(made, ground, found.en_m[0])
    assert seen.which.tolist() == [0]
    assert seen.pixels[0] == pytest.approx(pixel[0], abs=1e-3)
    assert seen.off_nadir_deg == pytest.approx(found.off_nadir_deg, abs=1e-6)


def test_only_photos_that_hold_the_place_are_named_with_their_gsd() -> None:
    made = views([(0, 0, 75.0), (500, 0, 75.0), (45.0, 0, 75.0)])
    seen = who_sees(made, Level(0.0, 0.0, "level"), np.array([0.0, 0.0]))
    assert seen.which.tolist() == [0, 2]
    assert seen.gsd_m[0] == pytest.approx(0.05, rel=0.01)
    assert seen.surely.tolist() == [True, True]
    assert seen.azimuth_deg[1] == pytest.approx(90.0)
    edge = who_sees(made, Level(0.0, 0.0, "level"), np.array([-50.5, 0.0]))
    assert edge.surely.tolist() == [False]


def wall() -> Grid:
    z = np.zeros((120, 120))
    z[:, 60:63] = 30.0  # 30 m high, along the north, at 0 m east
    return Grid((-60.0, -60.0), 1.0, z, 0.0, "made")


def test_what_stands_behind_a_wall_is_not_seen() -> None:
    made = views([(-40.0, 0.0, 60.0), (40.0, 0.0, 60.0)])
    ground = wall()
    assert who_sees(made, ground, np.array([8.0, 0.0])).which.tolist() == [1]
    assert who_sees(made, ground, np.array([-8.0, 0.0])).which.tolist() == [0]


@settings(max_examples=40)
@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(40, 100), st.floats(-1.2, 1.2), st.floats(-1.2, 1.2))
def test_first_hits_are_those_of_tiny_steps(east, north, up, lean_e, lean_n) -> None:
    ground = wall()
    depth = ground.first_hits(np.array([[east, north, up]]), np.array([[lean_e, lean_n]])).depth_m[0]
    steps = np.arange(0.0, up + 1, 0.02)
    along = np.stack([east + lean_e * steps, north + lean_n * steps], axis=-1)
    height = ground.height_m(along)
    under = np.flatnonzero(up - steps <= height)
    if not len(under):
        assert np.isnan(depth)
    elif np.isfinite(height[: under[0]]).all():
        assert depth == pytest.approx(steps[under[0]], abs=0.1)


def test_the_table_is_in_the_order_of_time() -> None:
    import pandas as pd  # noqa: PLC0415

    made = views([(0, 0, 75.0), (5, 0, 75.0)])
    shots = pd.DataFrame({"shot_id": ["b", "a"], "photo": ["b.jpg", "a.jpg"],
                          "time_utc": pd.to_datetime(["2026-11-20T02:00Z", "2026-11-20T01:00Z"])})  # fmt: skip
    table = evidence_table(shots, who_sees(made, Level(0.0, 0.0, "level"), np.zeros(2)))
    assert table["shot_id"].tolist() == ["a", "b"]
