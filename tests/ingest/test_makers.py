"""What other makers than DJI write, in attribute and element form; read as exiftool reads it."""

import json
import math
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from dronepatrol.ingest import exiftool
from dronepatrol.ingest.cameras import camera_of
from dronepatrol.ingest.metadata import read_metadata
from dronepatrol.ingest.photos import shots_from_photos, shots_table

NAMESPACES = {
    "drone": "http://www.autelrobotics.com/drone/1.0/",
    "drone-parrot": "http://www.parrot.com/drone-parrot/1.0/",
    "drone-skydio": "http://www.skydio.com/drone-skydio/1.0/",
    "Camera": "http://pix4d.com/camera/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
}
SPACES = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())


def packet(properties: dict[str, str], *, as_elements: bool, inside: str = "") -> bytes:
    """Return a well-formed packet, so that exiftool can be the oracle."""
    if as_elements:
        body = ">" + "".join(f"<{name}>{value}</{name}>" for name, value in properties.items())
    else:
        body = "".join(f' {name}="{value}"' for name, value in properties.items()) + ">"
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {SPACES}{body}{inside}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def oracle(path: Path) -> dict[str, object]:
    program = shutil.which("exiftool")
    if program is None:
        pytest.skip("needs exiftool as oracle: apt-get install libimage-exiftool-perl")
    said = subprocess.run([program, "-n", "-json", "-G1", str(path)], capture_output=True, check=True)
    return json.loads(said.stdout)[0]


def shot(path):
    (row,) = shots_from_photos([path], root=None)
    return shots_table([row]).iloc[0]


FORMS = pytest.mark.parametrize("as_elements", [False, True])


@FORMS
def test_autel_speaks_dji_under_its_own_prefix(make_photo, as_elements):
    said = {
        "drone:GpsLatitude": "30.71", "drone:GpsLongtitude": "+121.03", "drone:AbsoluteAltitude": "+55.5",
        "drone:RelativeAltitude": "+50.25", "drone:GimbalYawDegree": "-12.5", "drone:GimbalPitchDegree": "-88.0",
        "drone:GimbalRollDegree": "0.5",
    }  # fmt: skip
    path = make_photo(
        lonlat=None, xmp=packet(said, as_elements=as_elements), image={0x010F: "Autel Robotics", 0x0110: "XT701"}
    )
    row, tags = shot(path), oracle(path)
    assert (row.lon_deg, row.lat_deg) == (float(tags["XMP-drone:GpsLongtitude"]), float(tags["XMP-drone:GpsLatitude"]))
    assert (row.yaw_deg, row.pitch_deg, row.roll_deg) == tuple(
        tags[f"XMP-drone:Gimbal{axis}Degree"] for axis in ("Yaw", "Pitch", "Roll")
    )
    assert (row.altitude_m, row.height_m) == (55.5, 50.25)
    assert (row.yaw_sigma_deg, row.pitch_sigma_deg) == (5.0, 2.0)  # less is known of this maker's angles


@FORMS
@pytest.mark.parametrize(
    ("make", "model", "prefix", "pitch", "expected"),
    [
        ("Parrot", "ANAFI", "drone-parrot:Camera{}Degree", "-78.362686", -78.362686),
        ("Parrot", "ANAFI", "Camera:{}", "-89.9", -89.9),
        ("Parrot", "Sequoia", "Camera:{}", "1.5", -88.5),  # Pix4D's convention: 0 is straight down
        ("Autel Robotics", "XT701", "Camera:{}", "30", -60.0),
        ("senseFly", "S.O.D.A.", "Camera:{}", "-3", -93.0),
    ],
)
def test_pitch_counts_from_the_horizon_whoever_wrote_it(make_photo, as_elements, make, model, prefix, pitch, expected):
    said = {prefix.format("Yaw"): "176.310745", prefix.format("Pitch"): pitch, prefix.format("Roll"): "-0.322913"}
    path = make_photo(xmp=packet(said, as_elements=as_elements), image={0x010F: make, 0x0110: model})
    meta, tags = read_metadata(path), oracle(path)
    group, name = prefix.split(":")
    assert meta.gimbal.yaw_deg == tags[f"XMP-{group}:{name.format('Yaw')}"] == 176.310745
    assert meta.gimbal.roll_deg == tags[f"XMP-{group}:{name.format('Roll')}"]
    assert tags[f"XMP-{group}:{name.format('Pitch')}"] == float(pitch)
    assert meta.gimbal.pitch_deg == pytest.approx(expected)


@FORMS
def test_stated_accuracy_is_believed_within_reason(make_photo, as_elements):
    said = {"Camera:GPSXYAccuracy": "2.5", "Camera:GPSZAccuracy": "4"}
    row = shot(make_photo(xmp=packet(said, as_elements=as_elements), image={0x010F: "Parrot"}))
    assert math.hypot(row.position_sigma_m, row.position_bias_sigma_m) == pytest.approx(2.5)
    assert row.pose_source == "GNSS with stated accuracy"
    vain = shot(make_photo(xmp=packet({"Camera:GPSXYAccuracy": "0.001"}, as_elements=as_elements)))
    assert math.hypot(vain.position_sigma_m, vain.position_bias_sigma_m) == pytest.approx(0.3)


SKYDIO_ATTRIBUTES = (
    '<drone-skydio:CameraOrientationNED drone-skydio:Roll="0.2" drone-skydio:Pitch="-84" drone-skydio:Yaw="146.5"/>'
    '<drone-skydio:CalibratedFocalLength drone-skydio:X="310.5" drone-skydio:Y="311"/>'
)
SKYDIO_ELEMENTS = (
    '<drone-skydio:CameraOrientationNED rdf:parseType="Resource"><drone-skydio:Roll>0.2</drone-skydio:Roll>'
    "<drone-skydio:Pitch>-84</drone-skydio:Pitch><drone-skydio:Yaw>146.5</drone-skydio:Yaw>"
    "</drone-skydio:CameraOrientationNED>"
    '<drone-skydio:CalibratedFocalLength rdf:parseType="Resource"><drone-skydio:X>310.5</drone-skydio:X>'
    "<drone-skydio:Y>311</drone-skydio:Y></drone-skydio:CalibratedFocalLength>"
)
FLU = '<drone-skydio:CameraOrientationFLU drone-skydio:Roll="9" drone-skydio:Pitch="9" drone-skydio:Yaw="9"/>'


@pytest.mark.parametrize("structures", [SKYDIO_ATTRIBUTES, SKYDIO_ELEMENTS])
def test_skydio_nests_its_angles_in_several_frames(make_photo, structures):
    place = {
        "drone-skydio:Latitude": "30.72", "drone-skydio:Longitude": "121.04", "drone-skydio:AbsoluteAltitude": "33.1"
    }  # fmt: skip
    path = make_photo(lonlat=None, xmp=packet(place, as_elements=True, inside=FLU + structures))
    row, tags = shot(path), oracle(path)
    assert (row.yaw_deg, row.pitch_deg, row.roll_deg) == tuple(
        tags[f"XMP-drone-skydio:CameraOrientationNED{axis}"] for axis in ("Yaw", "Pitch", "Roll")
    )
    assert (row.lon_deg, row.lat_deg, row.altitude_m) == (121.04, 30.72, 33.1)
    assert row.fx_px == tags["XMP-drone-skydio:CalibratedFocalLengthX"] == 310.5


@FORMS
def test_teal_writes_its_angles_into_the_exif_namespace(make_photo, as_elements):
    said = {"exif:CameraYaw": "40", "exif:CameraPitch": "-70.5", "exif:CameraRoll": "1/2", "exif:HFOV": "60"}
    path = make_photo(xmp=packet(said, as_elements=as_elements), exif={0xA405: 0, 0x920A: 0.0})
    meta = read_metadata(path)
    assert (meta.gimbal.yaw_deg, meta.gimbal.pitch_deg, meta.gimbal.roll_deg) == (40.0, -70.5, 0.5)
    known = camera_of(meta)
    assert (known.source, known.camera.fx_px) == ("field of view", pytest.approx(200 / math.tan(math.radians(30))))


def test_yaw_of_nothing_gives_way_to_the_vehicles(make_photo):
    said = {"RelativeAltitude": "40", "GimbalYawDegree": "+0.00", "GimbalPitchDegree": "-90", "GimbalRollDegree": "0"}
    row = shot(make_photo(xmp=said | {"FlightYawDegree": "123.4"}))
    assert (row.yaw_deg, row.yaw_sigma_deg) == (123.4, 4.0)
    assert shot(make_photo(xmp=said | {"FlightYawDegree": "4"})).yaw_deg == 0.0


def test_digital_zoom_lengthens_the_focal_length_and_rules_calibrations_out(make_photo):
    said = {"RelativeAltitude": "40", "CalibratedFocalLength": "388.5", "GimbalPitchDegree": "-90"}
    known = camera_of(read_metadata(make_photo(image={0x0110: "FC6310"}, exif={0xA404: 2.0}, xmp=said)))
    assert known.source == "FocalLength and sensor width"
    assert known.camera.fx_px == pytest.approx(2 * 8.0 / 13.2 * 400)
    assert "digital zoom 2" in shot(make_photo(image={0x0110: "FC6310"}, exif={0xA404: 2.0}, xmp=said)).quality


def dng(order: str = "<") -> bytes:
    """Return a DNG whose first directory holds a thumbnail and whose second the full picture."""

    def entry(tag, kind, count, value):
        inline = {1: "B", 3: "H", 4: "I"}[kind] if isinstance(value, int) else None
        packed = struct.pack(order + inline, value) if inline else value
        return struct.pack(order + "HHI", tag, kind, count) + packed.ljust(4, b"\0")

    def directory(entries):
        return struct.pack(order + "H", len(entries)) + b"".join(entries) + b"\0\0\0\0"

    model = b"FC6310\0"
    first = [
        entry(0x00FE, 4, 1, 1), entry(0x0100, 4, 1, 16), entry(0x0101, 4, 1, 12),
        entry(0x0110, 2, len(model), struct.pack(order + "I", 400)),
        entry(0x0111, 4, 1, 600), entry(0x0117, 4, 1, 192), entry(0x014A, 4, 1, 300), entry(0xC612, 1, 4, b"\1\4\0\0"),
    ]  # fmt: skip
    second = [
        entry(0x00FE, 4, 1, 0), entry(0x0100, 4, 1, 640), entry(0x0101, 4, 1, 480),
        entry(0x0111, 4, 1, 1000), entry(0x0117, 4, 1, 5000),
    ]  # fmt: skip
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    data = bytearray(6000)
    data[: len(head)] = head
    data[8 : 8 + len(directory(first))] = directory(first)
    data[300 : 300 + len(directory(second))] = directory(second)
    data[400 : 400 + len(model)] = model
    return bytes(data)


@pytest.mark.parametrize("order", ["<", ">"])
def test_dng_has_the_size_of_its_full_picture(tmp_path, order):
    path = tmp_path / "1.dng"
    path.write_bytes(dng(order))
    meta, tags = read_metadata(path), oracle(path)
    assert meta.image_wh == (tags["SubIFD:ImageWidth"], tags["SubIFD:ImageHeight"]) == (640, 480)
    assert (meta.form, meta.model, meta.size_needed) == ("DNG", tags["IFD0:Model"], 6000)


def test_formats_that_we_do_not_read_go_to_exiftool(tmp_path, some_photo):
    if not exiftool.is_there():
        pytest.skip("needs exiftool: apt-get install libimage-exiftool-perl")
    jpeg, webp = tmp_path / "a.jpg", tmp_path / "a.webp"
    jpeg.write_bytes(some_photo)
    with Image.open(jpeg) as image:
        image.save(webp, exif=image.info["exif"], xmp=image.info["xmp"])
    ours, theirs = read_metadata(jpeg), exiftool.read_all([webp, tmp_path / "gone.webp"])
    assert list(theirs) == [webp]
    for name in ("image_wh", "make", "model", "taken_local", "utc_offset", "gimbal", "relative_altitude_m", "software"):
        assert getattr(theirs[webp], name) == getattr(ours, name), name
    assert (theirs[webp].lon_deg, theirs[webp].lat_deg) == pytest.approx((ours.lon_deg, ours.lat_deg), abs=1e-9)


def test_two_readers_say_the_same_of_every_real_photo(testdata):
    """The fallback builds its header from exiftool's words; both ways give one result."""
    if not exiftool.is_there():
        pytest.skip("needs exiftool: apt-get install libimage-exiftool-perl")
    folders = ("brighton_beach_dji_fc300s", "p4rtk_truth", "gps_no_gimbal", "dronetm_agung1")
    paths = [
        path for name in folders for path in sorted(testdata(f"imagery/{name}").iterdir())
        if path.suffix.lower() in {".jpg", ".tif"} and path.name != "dsm.tif"
    ]  # fmt: skip
    theirs = exiftool.read_all(paths)
    assert len(theirs) == len(paths)
    for path in paths:
        ours = read_metadata(path)
        for name in ("make", "model", "image_wh", "exif_wh", "gimbal", "flight", "rtk", "taken_local"):
            assert getattr(theirs[path], name) == getattr(ours, name), (path.name, name)
        for name in ("lon_deg", "lat_deg", "gps_altitude_m", "absolute_altitude_m", "focal_mm"):
            expected = getattr(ours, name)
            assert getattr(theirs[path], name) == (expected and pytest.approx(expected, rel=1e-9)), (path.name, name)
