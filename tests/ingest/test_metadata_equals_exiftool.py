"""Every value that we read from real files equals exiftool's; tags that these lack are written by the tests."""

import base64
import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dronepatrol.ingest.headers import thumbnail_of
from dronepatrol.ingest.metadata import PhotoMetadata, read_metadata

EXIFTOOL_DIGITS = 1e-9  # it prints rationals with ten digits
PHOTOS = ["brighton_beach_dji_fc300s", "dji_exif_stubs", "gps_no_gimbal", "p4rtk_truth", "dronetm_agung1"]
FOLDERS = [*(f"imagery/{name}" for name in PHOTOS), "detection/aerial_cars/images", "detection/auair/images"]
SUFFIXES = {".jpg", ".jpeg", ".tif", ".tiff", ".dng"}
NO_TAGS = {"picture_at", "size_needed"}
"""What we know of a file that is no tag: where its picture begins, and how long it must be."""


@pytest.fixture(scope="module")
def exiftool():
    program = shutil.which("exiftool")
    if program is None:
        pytest.skip("needs exiftool as oracle: apt-get install libimage-exiftool-perl")
    return program


def _float(text):
    return None if text is None else float(text)


def _time(text):
    return None if text is None else datetime.strptime(text[:19], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007


def _taken(tags):
    taken = _time(tags.get("ExifIFD:DateTimeOriginal")) or _time(tags.get("IFD0:ModifyDate"))
    fraction = str(tags.get("ExifIFD:SubSecTimeOriginal", "0"))
    return taken and taken + timedelta(seconds=float(f"0.{fraction}"))


def _offset(text):
    return None if text is None else datetime.strptime(text, "%z").utcoffset()


def _gps_time(tags):
    day, clock = tags.get("GPS:GPSDateStamp"), tags.get("GPS:GPSTimeStamp")
    if day is None or clock is None:
        return None
    hours, minutes, seconds = map(float, clock.split(":"))
    midnight = datetime.strptime(day, "%Y:%m:%d").replace(tzinfo=UTC)
    return midnight + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _gps(tags, name, letters):
    value = tags.get(f"GPS:GPS{name}")
    return None if value is None else value * (-1 if tags[f"GPS:GPS{name}Ref"] == letters[1] else 1)


def _expected(tags: dict) -> dict:
    """Return what exiftool read, under our names."""
    dji = {name.split(":")[1]: value for name, value in tags.items() if name.startswith("XMP-drone-dji:")}
    below = tags.get("GPS:GPSAltitudeRef") == 1
    altitude = tags.get("GPS:GPSAltitude")
    return {
        "form": tags["File:FileType"],
        "image_wh": (tags["Composite:ImageSize"].split(" ")[0], tags["Composite:ImageSize"].split(" ")[1]),
        "exif_wh": (tags.get("ExifIFD:ExifImageWidth"), tags.get("ExifIFD:ExifImageHeight")),
        "make": tags.get("IFD0:Make", ""),
        "model": tags.get("IFD0:Model", ""),
        "software": tags.get("IFD0:Software", ""),
        "serial": tags.get("ExifIFD:SerialNumber", ""),
        "orientation": tags.get("IFD0:Orientation"),
        "modified_local": _time(tags.get("IFD0:ModifyDate")),
        "taken_local": _taken(tags),
        "utc_offset": _offset(tags.get("ExifIFD:OffsetTimeOriginal")),
        "gps_time_utc": _gps_time(tags),
        "focal_mm": tags.get("ExifIFD:FocalLength"),
        "focal_35mm_mm": tags.get("ExifIFD:FocalLengthIn35mmFormat"),
        "digital_zoom": None if (zoom := tags.get("ExifIFD:DigitalZoomRatio")) in {0, "undef"} else zoom,  # 0/0
        "accuracy_m": tags.get("GPS:GPSHPositioningError"),
        "lon_deg": _gps(tags, "Longitude", "EW"),
        "lat_deg": _gps(tags, "Latitude", "NS"),
        "gps_altitude_m": None if altitude is None else -altitude if below else altitude,
        "gps_altitude_reference": None if altitude is None else tags.get("GPS:GPSAltitudeRef", 0),
        "xmp_lon_deg": _float(dji.get("GPSLongtitude", dji.get("GPSLongitude"))),
        "xmp_lat_deg": _float(dji.get("GPSLatitude")),
        "absolute_altitude_m": _float(dji.get("AbsoluteAltitude")),
        "relative_altitude_m": _float(dji.get("RelativeAltitude")),
        "attitude_by": "drone-dji" if dji else "exif" if any(name.startswith("XMP-exif:") for name in tags) else "",
        "hfov_deg": _float(tags.get("XMP-exif:HFOV")),
        "gimbal": tuple(_float(dji.get(f"Gimbal{angle}Degree")) for angle in ("Yaw", "Pitch", "Roll")),
        "flight": tuple(_float(dji.get(f"Flight{angle}Degree")) for angle in ("Yaw", "Pitch", "Roll")),
        "rtk": tuple(_float(dji.get(name)) for name in ("RtkFlag", "RtkStdLon", "RtkStdLat", "RtkStdHgt")),
        "calibration": (
            *(_float(dji.get(f"Calibrated{name}")) for name in ("FocalLength", "OpticalCenterX", "OpticalCenterY")),
            dji.get("DewarpData", "").strip(),
            _float(dji.get("DewarpFlag")),
        ),
        "has_exif": any(name.startswith("IFD0:") for name in tags),
        "has_jfif": "JFIF:JFIFVersion" in tags,
    }


def _ours(meta: PhotoMetadata) -> dict:
    flat = {name: getattr(meta, name) for name in PhotoMetadata.__slots__}
    for name in ("gimbal", "flight", "rtk", "calibration"):
        flat[name] = tuple(getattr(flat[name], part) for part in flat[name].__slots__)
    flat["image_wh"] = tuple(map(str, meta.image_wh))
    flat["exif_wh"] = meta.exif_wh or (None, None)
    return flat


def _compare(exiftool: str, files: list[Path]) -> int:
    """Compare the two readers, value by value; return how many values there were."""
    said = subprocess.run([exiftool, "-n", "-json", "-G1", *files], capture_output=True, check=True, text=True)
    compared = 0
    for tags in json.loads(said.stdout):
        expected, ours = _expected(tags), _ours(read_metadata(Path(tags["SourceFile"])))
        assert set(expected) | NO_TAGS == set(ours)  # nothing that we read is left out
        for name, value in expected.items():
            if isinstance(value, float):
                assert ours[name] == pytest.approx(value, rel=EXIFTOOL_DIGITS), (tags["SourceFile"], name)
            else:
                assert ours[name] == value, (tags["SourceFile"], name)
            compared += value not in {None, "", False}
    return compared


def photos_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


@pytest.mark.parametrize("folder", FOLDERS)
def test_values_equal_exiftool(testdata, exiftool, folder):
    files = photos_in(testdata(folder))
    assert _compare(exiftool, files) >= (8 if folder.startswith("imagery") else 2) * len(files)


def test_no_shared_photo_is_left_out(testdata):
    root = testdata("imagery").parent
    found = {path.parent.relative_to(root).as_posix() for path in root.rglob("*") if path.suffix.lower() in SUFFIXES}
    assert found == set(FOLDERS)


@pytest.mark.parametrize("as_elements", [False, True])
@pytest.mark.parametrize("south_west", [False, True])
def test_tags_that_real_files_lack_equal_exiftool(make_photo, exiftool, as_elements, south_west):
    angles = (f"{of}{angle}Degree" for of in ("Gimbal", "Flight") for angle in ("Yaw", "Pitch", "Roll"))
    xmp = {name: f"{n - 100.5:+}" for n, name in enumerate(angles)} | {
        "AbsoluteAltitude": "+105.25",
        "RelativeAltitude": "-3.5",
        "GpsLatitude": "+30.7",
        "GpsLongitude": "-121.02",
        "RtkFlag": "50",
        "RtkStdLon": "0.011",
        "RtkStdLat": "0.012",
        "RtkStdHgt": "0.023",
        "CalibratedFocalLength": "388.5",
        "CalibratedOpticalCenterX": "201",
        "CalibratedOpticalCenterY": "151",
        "DewarpData": "2018-09-07;390,391,2,-3,-0.26,0.11,0.0009,0.00008,-0.03",
        "DewarpFlag": "0",
    }
    path = make_photo(
        lonlat=(-58.38, -34.6) if south_west else (121.02, 30.7),
        xmp=xmp,
        image={0x0112: 6},
        exif={0x9011: "-03:30", 0x9291: "125", 0xA431: "SN 7", 0xA002: 400, 0xA003: 300, 0xA404: 1.5},
        gps={5: bytes([south_west]), 6: 12.5, 7: (23.0, 59.0, 58.5), 29: "2025:06:01", 31: 0.75},
        as_elements=as_elements,
    )
    assert _compare(exiftool, [path]) >= 28


@pytest.mark.parametrize("folder", FOLDERS[:5])
def test_thumbnails_equal_exiftool(testdata, exiftool, folder):
    files = [path for path in photos_in(testdata(folder)) if path.suffix.lower() != ".tif"]
    if not files:
        return
    command = [exiftool, "-b", "-json", "-IFD1:ThumbnailImage", *files]
    said = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    for tags in said:
        expected = base64.b64decode(tags.get("ThumbnailImage", "").removeprefix("base64:"))
        assert thumbnail_of(Path(tags["SourceFile"])) == expected, tags["SourceFile"]
