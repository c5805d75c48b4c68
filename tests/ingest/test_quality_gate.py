"""Each reason of the quality gate, by name, on cards that are taken in as a whole."""

import io
import re
from datetime import datetime, timedelta

import cv2
import numpy as np
import pytest
from PIL import Image

from dronepatrol.errors import DronePatrolError
from dronepatrol.geo.ground import MAX_OFF_NADIR_DEG
from dronepatrol.geo.local import LocalFrame
from dronepatrol.issues.confidence import chances
from dronepatrol.model.progress import silent
from dronepatrol.model.quality import is_set_aside
from dronepatrol.patrol.detect import detect
from dronepatrol.patrol.ingest import IngestOptions, ingest
from dronepatrol.store.folder import PatrolFolder

DOWN = {"RelativeAltitude": "+50", "GimbalYawDegree": "+30", "GimbalPitchDegree": "-90", "GimbalRollDegree": "0"}
START = datetime(2025, 6, 1, 10)  # noqa: DTZ001 as a camera's clock shows it


@pytest.fixture
def card(make_photo, tmp_path):
    """Return a folder of 8 good photos of one flight, and a function that writes further ones."""

    def write(name, second, **arguments):
        stamp = (START + timedelta(seconds=second)).strftime("%Y:%m:%d %H:%M:%S")
        place = {"lonlat": (121.02 + second * 4e-5, 30.7)}
        tags = {"image": {0x0132: stamp} | arguments.pop("image", {}), "exif": {0x9003: stamp}}
        return make_photo(f"card/{name}", **(place | tags | {"xmp": DOWN} | arguments))

    for n in range(8):
        write(f"{n:02d}.jpg", 2 * n)
    return write


@pytest.fixture
def flags(tmp_path):
    """Return a function that takes the card in and gives the flags of those photos that have some."""

    def taken() -> dict[str, str]:
        folder = PatrolFolder(tmp_path / "out")
        shots = ingest(folder, tmp_path / "card", IngestOptions(), silent).shots.set_index("shot_id")["quality"]
        return shots[shots != ""].to_dict()

    return taken


def repaint(path, picture):
    """Give a photo another picture under the same header."""
    jpeg = path.read_bytes()
    place = 2
    while 0xE0 <= jpeg[place + 1] <= 0xEF:
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
    out = io.BytesIO()
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=95)
    path.write_bytes(jpeg[:place] + out.getvalue()[2:])


def pixels_of(path):
    with Image.open(path) as picture:
        return np.asarray(picture, dtype=float)


def test_good_card_has_no_flags(card, flags):
    assert flags() == {}


@pytest.mark.parametrize(
    ("lonlat", "apart_km"),
    [((-121.0205, 30.7), 11_289), ((121.0205, -30.7), 6_835), ((-121.0205, -30.7), 13_197)],
)
def test_sign_that_a_file_lost_is_told_by_its_flight(card, flags, lonlat, apart_km):
    card("lost.jpg", 13, lonlat=lonlat)
    found = flags()
    assert list(found) == ["lost.jpg"]
    match = re.fullmatch(r"wrong hemisphere: (\d+) km from its flight", found["lost.jpg"])
    assert match, found
    assert int(match.group(1)) == pytest.approx(apart_km, abs=10)  # as degrees of a flat map, the short way around


@pytest.mark.parametrize("lonlat", [(-121.0205, 30.7), (121.0205, -30.7)])
def test_sign_that_half_of_a_file_lost_is_told_by_the_other_half(card, flags, lonlat):
    card("half.jpg", 13, lonlat=lonlat, xmp=DOWN | {"GpsLongitude": "121.0205", "GpsLatitude": "30.7"})
    assert flags()["half.jpg"].startswith("wrong hemisphere: EXIF and XMP positions differ in sign")


def test_whole_flight_on_the_other_side_of_the_earth_is_no_fault(make_photo, tmp_path, flags):
    for n in range(6):
        make_photo(f"card/{n}.jpg", lonlat=(-58.38 + n * 1e-4, -34.6), xmp=DOWN, exif={0x9291: str(n)})
    assert flags() == {}


@pytest.mark.parametrize("lonlat", [(2.35, 48.86), (121.05, 30.7)])
def test_outlying_position_is_told(card, flags, lonlat):
    card("away.jpg", 13, lonlat=lonlat)
    assert re.fullmatch(r"position out of place: \d+ km from its flight", flags()["away.jpg"])
    assert len(flags()) == 1


def test_position_beside_the_flight_is_none(card, flags):
    card("beside.jpg", 13, lonlat=(121.035, 30.7))  # 1.4 km: the way to a further block
    assert flags() == {}


def test_zero_position_is_skipped_by_name(card, tmp_path):
    card("zero.jpg", 13, lonlat=(0.0, 0.0))
    found = ingest(PatrolFolder(tmp_path / "out"), tmp_path / "card", IngestOptions(), silent)
    assert [(item.item, item.reason) for item in found.skipped] == [
        ("zero.jpg", "zero position: the camera wrote (0, 0), it had no fix")
    ]
    assert len(found.shots) == 8


def test_picture_written_twice_is_told_and_other_pictures_of_the_moment_stay(card, flags):
    again, other = card("again.jpg", 4, lonlat=(121.02 + 4 * 4e-5, 30.7)), card("other.jpg", 4)
    repaint(again, pixels_of(again) * 0.97)
    repaint(other, np.random.default_rng(7).integers(60, 180, (75, 100, 3)).repeat(4, 0).repeat(4, 1))
    assert flags() == {"again.jpg": "same moment as 02.jpg"}


def test_copy_is_told_wherever_it_lies(card, flags, tmp_path):
    (tmp_path / "card/more").mkdir()
    (tmp_path / "card/more/copy.jpg").write_bytes((tmp_path / "card/03.jpg").read_bytes())
    assert flags() == {"more/copy.jpg": "same picture as 03.jpg"}


def test_second_camera_on_the_card_is_told(card, flags):
    for n in range(4):
        card(f"x{n}.jpg", 3 + 2 * n, image={0x0110: "TEST2"})
    assert flags() == {f"x{n}.jpg": "mixed cameras" for n in range(4)}


def test_cameras_one_after_the_other_are_not_mixed(card, flags):
    for n in range(4):
        card(f"x{n}.jpg", 100 + 2 * n, image={0x0110: "TEST2"})
    assert flags() == {}


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        (lambda picture: picture * 0.2, "underexposed"),
        (lambda picture: picture * 2.6, "overexposed"),
        (lambda picture: picture * 0 + 4, "lens cap or no light"),
        (lambda picture: cv2.GaussianBlur(picture, (0, 0), 3.0), "blurred"),
        (lambda picture: picture * 0 + 128, "no texture: blurred or empty"),
    ],
)
def test_bad_picture_is_told(card, flags, change, flag):
    dice = np.random.default_rng(3)
    large, small = (dice.integers(20, 120, (300 // n, 400 // n)).repeat(n, 0).repeat(n, 1) for n in (20, 2))
    scene = np.repeat((large + small)[..., None], 3, axis=2)
    for name, picture in (("good.jpg", scene), ("bad.jpg", change(scene.astype(float)))):
        repaint(card(name, 13 if name == "good.jpg" else 15), picture)
    assert flags() == {"bad.jpg": flag}


def test_gimbal_at_the_horizon_is_told_at_its_limit(card, flags):
    for name, off in (("seen.jpg", -1.0), ("lost.jpg", 1.0)):
        card(name, 13, xmp=DOWN | {"GimbalPitchDegree": f"{MAX_OFF_NADIR_DEG - 90.0 + off:.1f}"})
    assert flags()["lost.jpg"] == "gimbal at the horizon"
    assert "horizon" not in flags().get("seen.jpg", "")


def test_real_bad_photos_are_set_aside_by_name(testdata, tmp_path):
    """Three real photos that their owners had marked as bad."""
    found = ingest(PatrolFolder(tmp_path / "out"), testdata("imagery/dronetm_agung1"), IngestOptions(), silent)
    said = {name.split("_D_")[1]: flags.split(";") for name, flags in found.shots[["shot_id", "quality"]].to_numpy()}
    assert found.skipped == []
    assert "blurred" in said["POOR_SHARPNESS.JPG"]
    assert "lens cap or no light" in said["LENS_CAP.JPG"]
    assert (found.shots["quality"].str.contains("lens cap or no light")).sum() == 2
    usable = found.shots[~found.shots["quality"].str.contains("lens cap|blurred")]
    assert usable.empty


def test_flight_across_the_date_line_is_one_place(make_photo, tmp_path, flags):
    for n in range(8):
        place = ((179.9990 + n * 4e-4 + 180.0) % 360.0 - 180.0, -16.8)
        make_photo(f"card/{n}.jpg", lonlat=place, xmp=DOWN, exif={0x9291: str(n)})
    assert flags() == {}


def test_what_is_set_aside_is_neither_looked_at_nor_missed(card, tmp_path):
    """Copies, black pictures and misplaced ones: no detector sees them, and no thing is less sure for their silence."""
    cards = tmp_path / "card"
    (cards / "copy.jpg").write_bytes((cards / "03.jpg").read_bytes())
    card("away.jpg", 7, lonlat=(121.5, 30.7))
    card("lost.jpg", 9, lonlat=(-121.02, 30.7))
    repaint(card("cap.jpg", 5), np.full((300, 400, 3), 3))
    edited = card("edited.jpg", 11, image={0x0131: "Some Viewer 10", 0x0132: "2025:06:01 13:00:00"})
    folder = PatrolFolder(tmp_path / "out")
    shots = ingest(folder, cards, IngestOptions(), silent).shots
    _, skipped = detect(folder, "scene", 1, silent)
    assert {item.item: re.split(":| as ", item.reason)[0] for item in skipped} == {
        "copy.jpg": "same picture",
        "away.jpg": "position out of place",
        "lost.jpg": "wrong hemisphere",
        "cap.jpg": "lens cap or no light",
    }
    frame = LocalFrame(121.02 + 6 * 4e-5, 30.7)
    good = shots[~is_set_aside(shots["quality"])]
    assert len(good) == 9
    assert edited.name in set(good["shot_id"])  # its heading is open, and its sigma says so
    (seen,) = chances(np.zeros((1, 2)), shots, frame)
    assert seen == chances(np.zeros((1, 2)), good, frame)[0] > 0
    assert seen < chances(np.zeros((1, 2)), shots.assign(quality=""), frame)[0]


@pytest.mark.parametrize(
    ("quality", "aside"),
    [
        ("", False),
        ("blurred", False),
        ("edited by lens cap or no light: may be turned, heading unknown", False),
        ("time zone assumed UTC+08:00;lens cap or no light", True),
        ("same moment as a.jpg", True),
        ("no focal length;wrong hemisphere: 11289 km from its flight", True),
    ],
)
def test_flags_that_set_aside(quality, aside):
    assert is_set_aside([quality]).tolist() == [aside]


def test_detecting_on_no_photo_at_all_keeps_what_was_found_before(card, tmp_path):
    folder = PatrolFolder(tmp_path / "out")
    ingest(folder, tmp_path / "card", IngestOptions(), silent)
    detect(folder, "scene", 1, silent)
    before = folder.detections.read_bytes()
    for photo in (tmp_path / "card").iterdir():
        photo.unlink()
    with pytest.raises(DronePatrolError, match=r"none of 8 photos could be looked at; the first: .*cannot be read"):
        detect(folder, "scene", 1, silent)
    assert folder.detections.read_bytes() == before
