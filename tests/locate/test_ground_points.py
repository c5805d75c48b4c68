"""Placing boxes on the ground, and the covariance that goes with each place."""

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.geo.camera import pixel_to_ray
from dronepatrol.geo.ground import ground_to_pixels, pixels_to_ground
from dronepatrol.geo.lens import lens_of
from dronepatrol.geo.local import LocalFrame
from dronepatrol.geo.rotation import camera_to_ned, heading_deg, tilted
from dronepatrol.locate.error import Sight, Sigmas, covariances, jacobian
from dronepatrol.locate.observe import LEVEL, observe
from dronepatrol.model.camera import Camera
from dronepatrol.model.tables import DETECTIONS, OBSERVATIONS, SHOTS

FRAME = LocalFrame(121.0824, 30.8230)
CAMERA = Camera.pinhole((2048, 1536), 1500.0)
SIGMAS = {
    "position_sigma_m": 1.0, "position_bias_sigma_m": 1.2, "height_sigma_m": 0.5, "height_bias_sigma_m": 1.0,
    "yaw_sigma_deg": 2.0, "pitch_sigma_deg": 0.7, "roll_sigma_deg": 0.6, "focal_sigma_share": 0.01,
}  # fmt: skip

poses = st.tuples(st.floats(-180, 180), st.floats(-90, -60), st.floats(-5, 5))
from_above = st.tuples(st.floats(-180, 180), st.floats(-90, -75), st.floats(-5, 5))
pixels = st.tuples(st.floats(0, 2047), st.floats(0, 1535))


def shot(shot_id: str = "s1", *, yaw=0.0, pitch=-90.0, roll=0.0, height=80.0, camera=CAMERA, **changes) -> dict:
    row = {name: "" if kind == "str" else 0.0 for name, kind in SHOTS.columns.items()}
    lon, lat = FRAME.to_lonlat((0.0, 0.0))
    row |= {"shot_id": shot_id, "flight_id": "f1", "photo": f"{shot_id}.jpg", "attitude_of": "camera"}
    row |= {"time_utc": pd.Timestamp("2026-11-20T01:00:00Z"), "lon_deg": lon, "lat_deg": lat, "height_m": height}
    row |= {"yaw_deg": yaw, "pitch_deg": pitch, "roll_deg": roll, "geometry": None}
    row |= {"image_width_px": camera.image_wh[0], "image_height_px": camera.image_wh[1]}
    row |= {"fx_px": camera.fx_px, "fy_px": camera.fy_px, "cx_px": camera.cx_px, "cy_px": camera.cy_px}
    row |= dict(zip(("k1", "k2", "p1", "p2", "k3"), camera.distortion, strict=True))
    return row | SIGMAS | changes


def boxes(*rows: tuple) -> pd.DataFrame:
    """Rows of (shot, kind, x, y, width, height) around a middle."""
    found = [
        (f"{name}#{i}", name, kind, 0.9, x - w / 2, y - h / 2, x + w / 2, y + h / 2, "made", "", "")
        for i, (name, kind, x, y, w, h) in enumerate(rows)
    ]
    return pd.DataFrame(found, columns=list(DETECTIONS.columns))


def table(*rows: dict) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame(list(rows), geometry="geometry", crs="EPSG:4326")


def metres(observations: geopandas.GeoDataFrame) -> np.ndarray:
    return FRAME.to_metres(shapely.get_coordinates(observations.geometry.to_numpy()))


@settings(max_examples=60, deadline=None)
@given(from_above, pixels, st.floats(20, 150), st.floats(0, 4))
def test_a_place_projects_back_to_the_middle_of_its_box(pose, pixel, height, top) -> None:
    found, skipped = observe(
        boxes(("s1", "thing", *pixel, 40, 20)),
        table(shot(yaw=pose[0], pitch=pose[1], roll=pose[2], height=height)),
        object_height_m={"thing": top},
    )
    if skipped:
        assert "horizon" in skipped[0].reason
        return
    back = ground_to_pixels(CAMERA, camera_to_ned(*pose), height - top, metres(found))
    assert back[0] == pytest.approx(pixel, abs=0.05)
    assert tuple(found.columns) == tuple(OBSERVATIONS.columns)


def test_distorted_cameras_are_each_followed_through_their_own_lens() -> None:
    bent = Camera((2048, 1536), 1480.0, 1485.0, 1030.0, 760.0, (-0.1, 0.02, 0.001, -0.001, 0.0))
    place = np.array([20.0, 12.0])
    rows, shots = [], []
    for name, camera in (("a", CAMERA), ("b", bent), ("c", CAMERA)):
        x, y = ground_to_pixels(camera, camera_to_ned(30.0, -80.0, 1.0), 80.0, place)
        rows.append((name, "thing", x, y, 30, 30))
        shots.append(shot(name, yaw=30.0, pitch=-80.0, roll=1.0, camera=camera))
    found, skipped = observe(boxes(*rows), table(*shots), object_height_m={})
    assert not skipped
    assert list(found["shot_id"]) == ["a", "b", "c"]
    assert metres(found) == pytest.approx(np.tile(place, (3, 1)), abs=0.01)


def test_a_box_keeps_its_size_on_the_ground() -> None:
    found, _ = observe(boxes(("s1", "car", 1000, 700, 90, 40)), table(shot(height=81.5)), object_height_m={"car": 1.5})
    row = found.iloc[0]
    assert row["length_m"] == pytest.approx(90 * 80 / 1500)
    assert row["width_m"] == pytest.approx(40 * 80 / 1500)
    assert row["gsd_m"] == pytest.approx(80 / 1500)
    assert row["method"] == LEVEL


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"lat_deg": np.nan}, "position"),
        ({"height_m": np.nan}, "height"),
        ({"yaw_deg": np.nan}, "attitude"),
        ({"attitude_of": "vehicle"}, "vehicle's attitude"),
        ({"fx_px": np.nan}, "focal length"),
        ({"fx_px": 0.0}, "focal length"),
        ({"position_sigma_m": np.nan}, "uncertainty"),
        ({"height_m": 1.0}, "above the object"),
        ({"pitch_deg": -5.0}, "horizon"),
        ({"shot_id": "other"}, "not among the shots"),
    ],
)
def test_what_cannot_be_placed_is_skipped_with_its_reason(change, reason) -> None:
    shots = table(shot("good"), shot("s1") | change)
    found, skipped = observe(
        boxes(("s1", "car", 1000, 700, 30, 30), ("good", "car", 1000, 700, 30, 30)), shots, object_height_m={"car": 1.5}
    )
    assert list(found["shot_id"]) == ["good"]
    assert [skip.item for skip in skipped] == ["s1#0"]
    assert reason in skipped[0].reason


def test_an_empty_box_and_no_detections_at_all() -> None:
    found, skipped = observe(boxes(("s1", "car", 9, 9, 0, 5)), table(shot()), object_height_m={})
    assert found.empty
    assert "empty" in skipped[0].reason
    found, skipped = observe(boxes(), table(shot()), object_height_m={})
    assert found.empty
    assert not skipped
    assert tuple(found.columns) == tuple(OBSERVATIONS.columns)


def sight(pose, pixel, height=80.0) -> Sight:
    rotation = camera_to_ned(*pose)[None]
    ray = pixel_to_ray(CAMERA, np.array([pixel]))
    down = np.einsum("nij,nj->ni", rotation, ray)
    return Sight(
        reach_ned=down / down[:, 2:] * height,
        scale_m=height / down[:, 2],
        slope_en=np.zeros((1, 2)),
        rotation=rotation,
        per_focal=lens_of(CAMERA).per_focal(ray),
        heading_rad=np.radians(heading_deg(*pose))[None],
        focal_px=np.array([[CAMERA.fx_px, CAMERA.fy_px]]),
        velocity_m_s=np.array([[3.0, -2.0]]),
    )


def moved(pose, pixel, *, height=80.0, d_height=0.0, roll=0.0, pitch=0.0, yaw=0.0, focal=0.0, column=0.0, row=0.0):
    """Where a ray meets the ground after a disturbance, through geo alone."""
    rotation = tilted(camera_to_ned(*pose), np.radians(heading_deg(*pose)), roll, pitch, yaw)
    camera = Camera.pinhole(CAMERA.image_wh, CAMERA.fx_px * (1 + focal))
    return pixels_to_ground(camera, rotation, height + d_height, np.add(pixel, (column, row)))


@settings(max_examples=60, deadline=None)
@given(poses, pixels)
def test_the_analytic_jacobian_is_the_numeric_one(pose, pixel) -> None:
    if not np.isfinite(moved(pose, pixel)).all():
        return
    analytic = {cause: np.hstack(both) for cause, both in jacobian(sight(pose, pixel)).items()}
    assert analytic.pop("east") == pytest.approx([1.0, 0.0])
    assert analytic.pop("north") == pytest.approx([0.0, 1.0])
    assert analytic.pop("time") == pytest.approx([3.0, -2.0])
    assert analytic.pop("away") == pytest.approx(moved(pose, pixel), rel=1e-9, abs=1e-9)
    for cause, column in analytic.items():
        name, step = ("d_height" if cause == "height" else cause), 1e-5
        numeric = (moved(pose, pixel, **{name: step}) - moved(pose, pixel, **{name: -step})) / (2 * step)
        assert column == pytest.approx(numeric, rel=1e-5, abs=1e-5), cause


@pytest.mark.parametrize(("pose", "pixel"), [((0, -90, 0), (100, 100)), ((200, -60, 3), (1500, 200))])
def test_the_covariance_is_that_of_many_disturbed_rays(pose, pixel) -> None:
    rng, n = np.random.default_rng(3), 200_000
    s = {"d_height": 0.5, "roll": 0.01, "pitch": 0.013, "yaw": 0.03}
    draws = moved(pose, pixel + rng.normal(0, 1.5, (n, 2)), **{name: rng.normal(0, v, n) for name, v in s.items()})
    drawn = np.cov(draws.T) + np.eye(2) * 1.0**2
    one = np.ones(1)
    values = (1.0, 1.2, 0.5, 1.0, 0.03, 0.013, 0.01, 0.0, 0.0, 1.5, 0.0, 0.0)
    photo, bias = covariances(sight(pose, pixel), Sigmas(*(value * one for value in values)))
    matrix = np.array([[photo[0, 0], photo[0, 1]], [photo[0, 1], photo[0, 2]]])
    assert matrix == pytest.approx(drawn, rel=0.03, abs=0.03)
    lean = np.hstack(jacobian(sight(pose, pixel))["height"])
    assert bias[0] == pytest.approx([1.44 + lean[0] ** 2, lean[0] * lean[1], 1.44 + lean[1] ** 2])


def test_normalised_errors_have_the_mean_that_they_must_have() -> None:
    """Monte-Carlo law: errors of random poses, normalised by their covariance, square to 2 on average."""
    rng, n = np.random.default_rng(7), 1500
    shots, rows, truth = [], [], []
    for number in range(n):
        pose = (rng.uniform(-180, 180), rng.uniform(-90, -65), rng.uniform(-3, 3))
        height, pixel = rng.uniform(40, 120), rng.uniform((0, 0), (2048, 1536))
        tilts = np.radians(rng.normal(0, [0.6, 0.7, 2.0]))
        rotation = tilted(camera_to_ned(*pose), np.radians(heading_deg(*pose)), *tilts)
        camera = Camera.pinhole(CAMERA.image_wh, 1500.0 * (1 + rng.normal(0, 0.01)))
        up = height + rng.normal(0, 0.5) + rng.normal(0, 1.0)
        truth.append(
            pixels_to_ground(camera, rotation, up, pixel + rng.normal(0, 1.5, 2))
            + rng.normal(0, 1.0, 2)
            + rng.normal(0, 1.2, 2)
        )
        shots.append(shot(f"s{number}", yaw=pose[0], pitch=pose[1], roll=pose[2], height=height))
        rows.append((f"s{number}", "thing", *pixel, 20, 20))
    found, _ = observe(boxes(*rows), table(*shots), object_height_m={})
    number = found["shot_id"].str[1:].astype(int).to_numpy()
    error = metres(found) - np.array(truth)[number]
    cov = np.stack(
        [found[f"photo_{k}_m2"].to_numpy() + found[f"bias_{k}_m2"].to_numpy() for k in ("ee", "en", "en", "nn")], -1
    ).reshape(-1, 2, 2)
    usable = np.isfinite(error).all(axis=1)
    nees = np.einsum("ni,nij,nj->n", error[usable], np.linalg.inv(cov[usable]), error[usable])
    assert usable.mean() > 0.95
    assert nees.mean() == pytest.approx(2.0, abs=0.2)
