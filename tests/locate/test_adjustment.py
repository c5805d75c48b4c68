"""Strip adjustment: synthetic blocks with known poses, a real one with turned pictures, control points."""

import json
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pytest
import shapely

from dronepatrol.errors import InputError
from dronepatrol.geo.local import LocalFrame
from dronepatrol.geo.rotation import angles_of, camera_to_ned, tilted
from dronepatrol.locate.adjust import Source, adjust
from dronepatrol.locate.bundle import Block, solve
from dronepatrol.locate.control import Control, read_controls
from dronepatrol.locate.corrections import adjusted_shots
from dronepatrol.locate.heights import over_level_ground
from dronepatrol.locate.project import ground_of
from dronepatrol.locate.surface import Level
from dronepatrol.locate.ties import Features, _match, features
from dronepatrol.locate.turned import with_turned
from dronepatrol.locate.view import views_of
from dronepatrol.model.progress import silent
from dronepatrol.patrol.ingest import ingest_photos
from dronepatrol.store.folder import PatrolFolder


def block(seed: int, *, photos: int = 12, flights: int = 1, outliers: float = 0.0) -> SimpleNamespace:
    """A synthetic block: photos in two lanes over rolling ground, poses wrong by what their sigmas say."""
    rng = np.random.default_rng(seed)
    place = np.array([(25.0 * (i // 2), 40.0 * (i % 2), 80.0) for i in range(photos)])
    yaw = np.where(np.arange(photos) % 2, 180.0, 0.0)
    flight = np.arange(photos) % flights
    sensed = camera_to_ned(yaw, -90.0, 0.0)
    sigma = np.tile([1.0, 1.0, 0.5, *np.radians([0.7, 0.7, 2.0])], (photos, 1))
    wrong = rng.normal(0, sigma)
    bias = rng.normal(0, 1.0, (flights, 3)) if flights > 1 else np.zeros((1, 3))
    heading = np.radians(yaw)
    true = tilted(sensed, heading, *wrong[:, 3:].T)
    points = rng.uniform((-30, -30, -2), (25 * photos / 2 + 10, 70, 2), (400, 3))
    enu = place + wrong[:, :3] + bias[flight]  # sensed
    photo, point, seen = [], [], []
    for i in range(photos):
        away = (points - place[i])[:, [1, 0, 2]] * (1, 1, -1)
        ray = away @ true[i]
        xy = ray[:, :2] / ray[:, 2:]
        for j in np.flatnonzero((np.abs(xy) < (0.68, 0.5)).all(axis=1)):
            photo.append(i)
            point.append(j)
            seen.append(xy[j] + rng.normal(0, 5e-4, 2) + (rng.uniform(-0.3, 0.3, 2) if rng.random() < outliers else 0))
    _, number = np.unique(point, return_inverse=True)
    ends = points[np.unique(point)]
    asked = Block(enu, sensed, heading, sigma, flight, np.tile([1.0, 1.0, 1.0, 0.003], (flights, 1)),
                  ends * (1, 1, 0) + rng.normal(0, 2, ends.shape) * (1, 1, 0), np.tile([1e3, 1e3, 3.0], (len(ends), 1)),
                  np.array(photo), number, np.array(seen), np.full(len(seen), 5e-4))  # fmt: skip
    return SimpleNamespace(asked=asked, place=place, true=true, points=ends)


def apart(solved, made) -> float:
    """How well the solve's points agree with the true ones, the block's shift, turn and scale aside (median, m)."""
    here, there = (one[:, 0] + 1j * one[:, 1] for one in (solved.points_m, made.points))
    design = np.stack([here, np.ones_like(here)], axis=-1)
    return float(np.median(np.abs(design @ np.linalg.lstsq(design, there, rcond=None)[0] - there)))


@pytest.mark.parametrize("outliers", [0.0, 0.05])
def test_a_block_falls_into_place_and_its_covariances_own_up(outliers) -> None:
    squared = []
    for seed in range(6):
        made = block(seed, outliers=outliers)
        solved = solve(made.asked)
        assert apart(solved, made) < 0.3
        assert np.linalg.norm(solved.change[:, :2].mean(axis=0)) < 0.05  # held to its positions
        turn = solved.rotation @ np.swapaxes(made.true, 1, 2)
        error = np.hstack(
            [solved.enu_m - made.place, -np.stack([turn[:, 1, 2], turn[:, 2, 0], turn[:, 0, 1]], axis=-1)]
        )
        yaw, sigma = error[:, 5], np.sqrt(solved.covariance[:, 5, 5])
        squared.append(np.mean((yaw / sigma) ** 2))
        assert (sigma < 0.6 * made.asked.sigma[:, 5]).all()
    assert 0.3 < np.mean(squared) < 2.5  # of six blocks, whose photos share what is left


def test_flights_with_biases_are_brought_together() -> None:
    made = block(3, flights=2)
    solved = solve(made.asked)
    before = made.asked.enu_m - made.place
    after = solved.enu_m - made.place
    two = [np.linalg.norm((one[0::2] - one[1::2])[:, :2].mean(axis=0)) for one in (before, after)]
    assert two[1] < max(0.3, 0.3 * two[0])


def test_angles_are_those_of_their_rotation() -> None:
    rng = np.random.default_rng(1)
    angles = rng.uniform((-180, -90, -180), (180, 90, 180), (500, 3))
    angles[:5, 1] = -90.0
    rotation = camera_to_ned(*angles.T)
    assert camera_to_ned(*angles_of(rotation).T) == pytest.approx(rotation, abs=1e-9)


@pytest.fixture(scope="module")
def real(testdata, tmp_path_factory) -> tuple[pd.DataFrame, list]:
    photos = testdata("imagery/brighton_beach_dji_fc300s")
    shots, _ = ingest_photos(PatrolFolder(tmp_path_factory.mktemp("block")), photos, 1, silent)
    return shots, [Path(photo) for photo in shots["photo"]]


def source_of(shots, paths, controls=()) -> Source:
    frame = LocalFrame.around(shapely.MultiPoint(shots[["lon_deg", "lat_deg"]].to_numpy()))
    return Source(shots, paths, over_level_ground(shots), Level(0.0, 1.0, "level"), frame, controls)


@pytest.mark.campaign
def test_a_real_block_agrees_with_itself_and_turned_pictures_are_found(real) -> None:
    shots, paths = real
    shots = shots.assign(quality="", yaw_sigma_deg=2.0)  # nobody says which files a viewer has turned
    some = [number for number in range(len(paths)) if number % 3 != 1]
    shots, paths = shots.iloc[some].reset_index(drop=True), [paths[number] for number in some]
    table, gain, skipped = adjust(source_of(shots, paths), 2, silent)
    assert set(gain.turned_over) == {f"DJI_00{number}.JPG" for number in (24, 26, 27, 29)}
    assert gain.as_read_median_m > 10
    assert 0.5 < gain.before_median_m < 3
    assert gain.after_median_m <= 0.3
    assert gain.position_shift_m < 0.1
    assert (table["ties"] > 0).sum() + len(skipped) == len(paths)
    held = adjusted_shots(shots, table)
    assert (held["covariance"] != "").sum() == (table["ties"] > 0).sum() == gain.adjusted
    assert len(json.loads(table["covariance"].iloc[0])) == 21


def test_a_turned_picture_is_turned_back_by_a_second_turn(real) -> None:
    shots, _ = real
    turned = np.ones(len(shots), dtype=np.intp)
    twice = with_turned(with_turned(shots, turned), turned)
    rotations = [
        camera_to_ned(*(one[n].to_numpy() for n in ("yaw_deg", "pitch_deg", "roll_deg"))) for one in (shots, twice)
    ]
    assert rotations[1] == pytest.approx(rotations[0], abs=1e-9)
    assert twice["cx_px"].to_numpy() == pytest.approx(shots["cx_px"].to_numpy())


def test_ties_are_found_between_a_picture_and_its_shifted_copy(tmp_path) -> None:
    rng = np.random.default_rng(5)
    ground = cv2.GaussianBlur(rng.integers(0, 255, (900, 1200)).astype(np.uint8), (0, 0), 2)
    for name, left in (("a", 0), ("b", 150)):
        cv2.imwrite(
            str(tmp_path / f"{name}.png"),
            cv2.normalize(ground[100:700, left : left + 900], None, 0, 255, cv2.NORM_MINMAX),
        )
    found = [features(tmp_path / f"{name}.png", (900, 600)) for name in "ab"]
    match = _match(found, (0, 1))
    assert len(match.pairs) > 100
    moved = found[0].pixels[match.pairs[:, 0]] - found[1].pixels[match.pairs[:, 1]]
    assert np.median(moved, axis=0) == pytest.approx([150, 0], abs=0.2)


def test_what_moves_between_two_photos_holds_nothing() -> None:
    rng = np.random.default_rng(6)
    words = rng.random((300, 128)).astype(np.float32)
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    here, there = (Features(rng.uniform(0, 900, (300, 2)), words, 1.0) for _ in range(2))
    match = _match([here, there], (0, 1))
    assert match.alike > 200
    assert not len(match.pairs)


@pytest.mark.parametrize("name", ["extras", "latlon_south", "latlon_valid", "michigan_feet_valid", "utm_north_valid"])
def test_lists_of_control_points_are_read(testdata, name) -> None:
    path = testdata(f"imagery/odm_gcp_formats/gcp_{name}.txt")
    lines = [line for line in path.read_text().splitlines()[1:] if line.strip()]
    controls = read_controls(path)
    assert len(controls) == len(lines)
    assert controls[0].photo == "DJI_0002.JPG"
    assert all(abs(control.lat_deg) < 90 for control in controls)


@pytest.mark.parametrize(
    ("text", "word"),
    [("", "no projection"), ("EPSG:4326\n", "no control point"), ("Mars\n1 2 3 4 5 a.jpg", "Mars"),
     ("EPSG:4326\n1 2 x 4 5 a.jpg", "line 2"), ("EPSG:4326\n1 2 3 4 5", "line 2"),
     ("EPSG:4326\n1 99 3 4 5 a.jpg", "line 2")],
)  # fmt: skip
def test_what_is_no_list_of_control_points_is_named(tmp_path, text, word) -> None:
    path = tmp_path / "gcp_list.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=word):
        read_controls(path)


@pytest.mark.campaign
def test_control_points_pull_a_block_to_their_places(real) -> None:
    shots, paths = real
    shots, paths = shots.iloc[12:].reset_index(drop=True), paths[12:]
    source, pixel = source_of(shots, paths), (1999.5, 1499.5)

    def middles(table) -> np.ndarray:
        after = adjusted_shots(shots, table)
        views = views_of(after, source.frame, after["height_m"].to_numpy(), (np.ones(6), np.ones(6)))
        return ground_of(views, source.ground, np.arange(6), np.tile(pixel, (6, 1)))[:, :2]

    free, _, _ = adjust(source, 2, silent)
    wanted = middles(free) + np.array([3.0, 4.0])
    lonlat = source.frame.to_lonlat(wanted)
    controls = [Control(f"c{n}", *map(float, lonlat[n]), 0.0, pixel, paths[n].name) for n in (0, 2, 3, 5)]
    held, gain, _ = adjust(source_of(shots, paths, controls), 2, silent)
    assert gain.controls == 4
    assert gain.after_median_m < gain.before_median_m
    assert np.linalg.norm(middles(held) - wanted, axis=1).max() < 0.6
    assert (held["position_bias_sigma_m"] < free["position_bias_sigma_m"]).all()
