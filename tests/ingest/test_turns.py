"""Pictures that were turned after they were taken: corrected where their thumbnails tell, set aside where not."""

import io
import struct

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from dronepatrol.geo.camera import pixel_to_ray
from dronepatrol.geo.local import LocalFrame
from dronepatrol.geo.rotation import camera_to_ned, heading_deg
from dronepatrol.ingest.accuracy import YAW_DEG, YAW_UNKNOWN_DEG
from dronepatrol.ingest.headers import thumbnail_of
from dronepatrol.ingest.photos import shots_from_photos, shots_table
from dronepatrol.ingest.poses import Attitude
from dronepatrol.ingest.turns import quarter_turns, turned_attitude, turned_camera
from dronepatrol.locate.observe import observe
from dronepatrol.model.camera import FISHEYE, Camera

CLOCKWISE = {
    0: None,
    1: Image.Transpose.ROTATE_270,
    2: Image.Transpose.ROTATE_180,
    3: Image.Transpose.ROTATE_90,
}
EDITED = {0x0131: "Some Viewer 10", 0x0132: "2025:06:01 13:00:00"}
DEWARP = {
    "CalibratedFocalLength": "388.5",
    "CalibratedOpticalCenterX": "201",
    "CalibratedOpticalCenterY": "151",
    "DewarpData": "2018-09-07;390,391,2,-3,-0.26,0.11,0.0009,0.00008,-0.03",
}


def turned(picture: Image.Image, how: Image.Transpose | None) -> Image.Image:
    return picture if how is None else picture.transpose(how)


def jpeg_of(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()


def segments_of(jpeg: bytes) -> tuple[list[bytes], bytes]:
    """Return the application segments of a JPEG, and what follows them."""
    place, found = 2, []
    while jpeg[place] == 0xFF and 0xE0 <= jpeg[place + 1] <= 0xEF:
        size = 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
        found.append(jpeg[place : place + size])
        place += size
    return found, jpeg[place:]


def with_thumbnail(jpeg: bytes, thumbnail: bytes) -> bytes:
    """Return a JPEG whose EXIF has a second directory with this thumbnail."""
    segments, rest = segments_of(jpeg)
    for n, segment in enumerate(segments):
        if segment[4:10] != b"Exif\0\0":
            continue
        data = bytearray(segment[10:])
        order = "<" if data[:2] == b"II" else ">"
        (first,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, first)
        struct.pack_into(order + "I", data, first + 2 + 12 * count, len(data))
        place = len(data) + 2 + 2 * 12 + 4
        entries = ((0x0201, 4, 1, place), (0x0202, 4, 1, len(thumbnail)))
        data += struct.pack(order + "H", 2) + b"".join(struct.pack(order + "HHII", *one) for one in entries) + bytes(4)
        body = b"Exif\0\0" + bytes(data) + thumbnail
        segments[n] = b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body
    return jpeg[:2] + b"".join(segments) + rest


def scene() -> Image.Image:
    """Return a picture of 400 by 300 with large things and grain to see."""
    dice = np.random.default_rng(4)
    large = dice.integers(60, 180, (6, 8), dtype=np.uint8).repeat(50, 0).repeat(50, 1)
    grain = dice.integers(0, 60, (150, 200), dtype=np.uint8).repeat(2, 0).repeat(2, 1)
    return Image.fromarray(large + grain)


@pytest.fixture
def turned_photo(make_photo):
    """Return a function that writes a photo turned clockwise, whose thumbnail was left as it was."""

    def write(turns: int, small: Image.Image | None = None, **arguments):
        path = make_photo(**arguments)
        head, _ = segments_of(path.read_bytes())
        jpeg = jpeg_of(turned(scene(), CLOCKWISE[turns]))
        _, picture = segments_of(jpeg)
        thumbnail = jpeg_of((small or scene()).resize((160, 120), Image.Resampling.BOX))
        path.write_bytes(with_thumbnail(jpeg[:2] + b"".join(head) + picture, thumbnail))
        return path

    return write


def shot(path):
    return shots_table(shots_from_photos([path], root=None)).iloc[0]


@pytest.mark.parametrize(("turns", "degrees", "heading"), [(1, 90, 300), (2, 180, 210), (3, 270, 120)])
@pytest.mark.parametrize("exif_turned_too", [False, True])
def test_thumbnail_tells_how_a_picture_was_turned(turned_photo, turns, degrees, heading, exif_turned_too):
    """Turned clockwise, what was at the left of a picture towards 30 degrees is now its top."""
    sides = (300, 400) if exif_turned_too and turns != 2 else (400, 300)
    row = shot(turned_photo(turns, exif={0xA002: sides[0], 0xA003: sides[1]}))
    assert row.quality == f"turned by {degrees} degrees after it was taken: corrected by its thumbnail"
    assert heading_deg(row.yaw_deg, row.pitch_deg, row.roll_deg) == pytest.approx(heading)
    assert row.yaw_sigma_deg == YAW_DEG
    assert row.pose_source == "GNSS; gimbal, turned back"


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_picture_keeps_its_footprint_and_its_calibration(turned_photo, make_photo, turns):
    xmp = DEWARP | {"RelativeAltitude": "+100", "GimbalYawDegree": "30", "GimbalPitchDegree": "-70"}
    whole = {0xA002: 400, 0xA003: 300}
    plain, row = shot(make_photo("plain.jpg", xmp=xmp, exif=whole)), shot(turned_photo(turns, xmp=xmp, exif=whole))
    assert row.focal_source == plain.focal_source == "DewarpData"
    assert row.geometry.symmetric_difference(plain.geometry).area < 1e-6 * plain.geometry.area


@given(
    st.floats(-180, 180),
    st.floats(-90, -10),
    st.floats(-10, 10),
    st.integers(0, 3),
    st.sampled_from([("brown", (-0.1, 0.02, 0.003, -0.002, 0.001)), (FISHEYE, (0.01, -0.002, 0.001, 0.0))]),
)
def test_same_point_is_seen_in_the_same_direction(yaw, pitch, roll, turns, lens):
    before = Camera((400, 300), 390.0, 395.0, 203.0, 148.0, lens[1], lens[0])
    after = turned_camera(before, turns)
    here = np.array([[10.0, 20.0], [390.0, 30.0], [200.0, 290.0]])
    there = here.copy()
    for turn in range(turns):
        height = (300, 400)[turn % 2]
        there = np.column_stack([height - 1 - there[:, 1], there[:, 0]])  # clockwise by a quarter
    attitude = turned_attitude(Attitude(yaw, pitch, roll, 1.0, 1.0, 1.0, "gimbal"), turns)
    directions = [
        pixel_to_ray(camera, pixels) @ camera_to_ned(*angles).T
        for camera, pixels, angles in (
            (before, here, (yaw, pitch, roll)),
            (after, there, (attitude.yaw_deg, attitude.pitch_deg, attitude.roll_deg)),
        )
    ]
    assert directions[1] == pytest.approx(directions[0], abs=1e-9)


def test_untouched_photo_stays_as_it_is(turned_photo):
    assert shot(turned_photo(0)).quality == ""


def test_thumbnail_of_an_editor_is_not_trusted_with_the_heading(turned_photo):
    """It may have been written anew after a first turn: the picture is turned back by it, and the heading left open."""
    row = shot(turned_photo(2, image=EDITED))
    assert row.quality == (
        "turned by 180 degrees after it was taken: corrected by its thumbnail;"
        "edited by Some Viewer 10: may be turned, heading unknown"
    )
    assert row.yaw_sigma_deg == YAW_UNKNOWN_DEG


def test_editor_that_wrote_the_thumbnail_anew_leaves_the_heading_open(turned_photo):
    row = shot(turned_photo(0, image=EDITED))
    assert row.quality == "edited by Some Viewer 10: may be turned, heading unknown"
    assert row.yaw_sigma_deg == YAW_UNKNOWN_DEG


def test_orientation_tag_turns_no_pixels_and_explains_the_thumbnail(turned_photo):
    """Who shows the picture turns it by the tag; all stages read pixels as they are stored."""
    row = shot(turned_photo(2, image={0x0112: 3}))
    assert row.quality == ""
    assert (row.yaw_deg, row.roll_deg) == (30.0, 0.0)


@pytest.mark.parametrize("name", ["DJI_0018", "DJI_0026", "DJI_0031", "DJI_0033"])
def test_real_photos_turned_without_their_thumbnails(testdata, tmp_path, name):
    """Their thumbnails have bars above and below; 0026 was edited before, its thumbnail written anew."""
    original = testdata(f"imagery/brighton_beach_dji_fc300s/{name}.JPG").read_bytes()
    head, _ = segments_of(original)
    with Image.open(io.BytesIO(original)) as image:
        image.draft("RGB", (1000, 600))
        picture = image.convert("RGB")
    headings = []
    for turns in range(4):
        path = tmp_path / f"{turns}.jpg"
        jpeg = jpeg_of(turned(picture, CLOCKWISE[turns]))
        path.write_bytes(jpeg[:2] + b"".join(head) + jpeg[2:])
        row = shot(path)
        assert ("heading unknown" in row.quality) == (name == "DJI_0026")
        assert row.quality.startswith(f"turned by {90 * turns} degrees") == (turns > 0)
        assert row.fx_px == pytest.approx(3.61 / 6.17 * picture.width)
        headings.append(float(heading_deg(row.yaw_deg, row.pitch_deg, row.roll_deg)))
    assert [round((headings[0] - heading) % 360) for heading in headings] == [0, 90, 180, 270]


@pytest.mark.parametrize(
    ("height", "width"), [(120, 160), (90, 160), (384, 512), (160, 120)], ids=["4:3", "16:9", "larger", "upright"]
)
def test_pictures_that_look_alike_from_all_sides_tell_nothing(height, width):
    rows, columns = np.mgrid[0:300, 0:300]
    rings = (np.hypot(rows - 149.5, columns - 149.5) % 60 * 4).astype(np.uint8)
    black, noise = np.zeros((300, 400), np.uint8), np.random.default_rng(1).integers(0, 255, (300, 400), np.uint8)
    other = np.random.default_rng(2).integers(0, 255, (height, width), np.uint8)
    assert quarter_turns(rings, rings[::2, ::2]) == 0
    assert quarter_turns(black, other) == quarter_turns(noise, np.zeros_like(other)) == 0
    assert quarter_turns(noise, other) == 0


def test_mirrored_picture_is_not_taken_for_a_turned_one(turned_photo):
    assert shot(turned_photo(0, ImageOps.mirror(scene()))).quality == ""
    assert shot(turned_photo(2, ImageOps.mirror(scene()))).quality == ""


@pytest.mark.parametrize("thumbnail", [b"", b"\xff\xd8\xff", b"rubbish" * 100, b"\x89PNG\r\n\x1a\n" * 9])
def test_thumbnail_that_is_none_tells_nothing(make_photo, thumbnail):
    path = make_photo()
    path.write_bytes(with_thumbnail(path.read_bytes(), thumbnail))
    assert thumbnail_of(path) == thumbnail
    assert shot(path).quality == ""


def test_open_heading_covers_every_way_the_picture_may_have_been_turned(make_photo):
    """What an edited photo shows near its edge may lie on the other side: its ellipse of 95 % says so."""
    rows = [make_photo("good.jpg"), make_photo("edited.jpg", image=EDITED)]
    shots = shots_table(shots_from_photos(rows, root=None))
    box = {"x1_px": 380.0, "y1_px": 140.0, "x2_px": 390.0, "y2_px": 150.0}
    seen = [
        {"detection_id": f"{name}#1", "shot_id": name, "kind": "litter", "score": 0.9, "detector": "test"} | box
        for name in shots["shot_id"]
    ]
    detections = pd.DataFrame(seen).assign(weights_sha256="", track_id="")
    found, skipped = observe(detections, shots, object_height_m={})
    assert skipped == []
    frame = LocalFrame(121.02, 30.70)
    apart = []
    for row in found.itertuples():
        place = frame.to_metres([(row.geometry.x, row.geometry.y)])[0]
        covariance = np.array([[row.photo_ee_m2, row.photo_en_m2], [row.photo_en_m2, row.photo_nn_m2]])
        covariance += [[row.bias_ee_m2, row.bias_en_m2], [row.bias_en_m2, row.bias_nn_m2]]
        assert np.hypot(*place) > 30
        across = np.array([[0.0, -1.0], [1.0, 0.0]])
        others = [across @ place, -place, -across @ place]
        apart.append([float((other - place) @ np.linalg.solve(covariance, other - place)) for other in others])
    assert min(apart[0]) > 100
    assert max(apart[1]) < 5.99
