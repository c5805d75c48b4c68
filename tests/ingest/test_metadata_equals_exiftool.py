"""Every value that we read from real files equals exiftool's."""

import json
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from dronepatrol.ingest.metadata import PhotoMetadata, read_metadata

EXIFTOOL_DIGITS = 1e-9  # it prints rationals with ten digits
FOLDERS = ["brighton_beach_dji_fc300s", "dji_exif_stubs", "gps_no_gimbal", "p4rtk_truth", "dronetm_agung1"]


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


def _gps(tags, name, letters):
    value = tags.get(f"GPS:GPS{name}")
    return None if value is None else value * (-1 if tags[f"GPS:GPS{name}Ref"] == letters[1] else 1)


def _expected(tags: dict) -> dict:
    """Return what exiftool read, under our names."""
    dji = {name.split(":")[1]: value for name, value in tags.items() if name.startswith("XMP-drone-dji:")}
    below = tags.get("GPS:GPSAltitudeRef") == 1
    altitude = tags.get("GPS:GPSAltitude")
    taken = _time(tags.get("ExifIFD:DateTimeOriginal")) or _time(tags.get("IFD0:ModifyDate"))
    return {
        "image_wh": (tags["Composite:ImageSize"].split(" ")[0], tags["Composite:ImageSize"].split(" ")[1]),
        "exif_wh": (tags.get("ExifIFD:ExifImageWidth"), tags.get("ExifIFD:ExifImageHeight")),
        "make": tags.get("IFD0:Make", ""),
        "model": tags.get("IFD0:Model", ""),
        "software": tags.get("IFD0:Software", ""),
        "serial": tags.get("ExifIFD:SerialNumber", ""),
        "orientation": tags.get("IFD0:Orientation"),
        "modified_local": _time(tags.get("IFD0:ModifyDate")),
        "taken_local": taken,
        "focal_mm": tags.get("ExifIFD:FocalLength"),
        "focal_35mm_mm": tags.get("ExifIFD:FocalLengthIn35mmFormat"),
        "digital_zoom": None if (zoom := tags.get("ExifIFD:DigitalZoomRatio")) in {0, "undef"} else zoom,  # 0/0
        "accuracy_m": tags.get("GPS:GPSHPositioningError"),
        "lon_deg": _gps(tags, "Longitude", "EW"),
        "lat_deg": _gps(tags, "Latitude", "NS"),
        "gps_altitude_m": None if altitude is None else -altitude if below else altitude,
        "xmp_lon_deg": _float(dji.get("GPSLongtitude")),
        "xmp_lat_deg": _float(dji.get("GPSLatitude")),
        "absolute_altitude_m": _float(dji.get("AbsoluteAltitude")),
        "relative_altitude_m": _float(dji.get("RelativeAltitude")),
        "gimbal": tuple(_float(dji.get(f"Gimbal{angle}Degree")) for angle in ("Yaw", "Pitch", "Roll")),
        "flight": tuple(_float(dji.get(f"Flight{angle}Degree")) for angle in ("Yaw", "Pitch", "Roll")),
        "rtk": tuple(_float(dji.get(name)) for name in ("RtkFlag", "RtkStdLon", "RtkStdLat", "RtkStdHgt")),
        "calibration": (
            *(_float(dji.get(f"Calibrated{name}")) for name in ("FocalLength", "OpticalCenterX", "OpticalCenterY")),
            dji.get("DewarpData", "").strip(),
            _float(dji.get("DewarpFlag")),
        ),
        "has_jfif": "JFIF:JFIFVersion" in tags,
    }


def _ours(meta: PhotoMetadata) -> dict:
    flat = {name: getattr(meta, name) for name in PhotoMetadata.__slots__}
    for name in ("gimbal", "flight", "rtk", "calibration"):
        flat[name] = tuple(getattr(flat[name], part) for part in flat[name].__slots__)
    flat["image_wh"] = tuple(map(str, meta.image_wh))
    flat["exif_wh"] = meta.exif_wh or (None, None)
    return flat


@pytest.mark.parametrize("folder", FOLDERS)
def test_values_equal_exiftool(testdata, exiftool, folder):
    files = [str(path) for path in testdata(f"imagery/{folder}").iterdir() if path.suffix.lower() in {".jpg", ".tif"}]
    said = subprocess.run([exiftool, "-n", "-json", "-G1", *files], capture_output=True, check=True, text=True)
    compared = 0
    for tags in json.loads(said.stdout):
        expected, ours = _expected(tags), _ours(read_metadata(Path(tags["SourceFile"])))
        for name, value in expected.items():
            if isinstance(value, float):
                assert ours[name] == pytest.approx(value, rel=EXIFTOOL_DIGITS), (tags["SourceFile"], name)
            else:
                assert ours[name] == value, (tags["SourceFile"], name)
            compared += value is not None
    assert compared >= 8 * len(files)
