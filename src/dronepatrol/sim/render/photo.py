"""One simulated photo as a file: JPEG with the EXIF and XMP of a survey drone's camera, and honest about it."""

import math
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from xml.sax.saxutils import quoteattr
from zoneinfo import ZoneInfo

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from dronepatrol.files import write_bytes
from dronepatrol.model.camera import CameraProfile

MAKE = "dronepatrol"
SYNTHETIC = "Synthetic image: an invented scene, rendered by dronepatrol; no real place is shown."
_JPEG_QUALITY = 85
_LOCAL_TIME = ZoneInfo("Asia/Shanghai")
_FULL_FRAME_MM = math.hypot(36.0, 24.0)


@dataclass(frozen=True, slots=True)
class Sensed:
    """What the vehicle's sensors said when the photo was taken; attitudes to NED, intrinsic Z-Y-X, true north."""

    time_utc: datetime
    lon_deg: float
    lat_deg: float
    amsl_m: float
    height_m: float  # above the take-off point
    gimbal_yaw_deg: float
    gimbal_pitch_deg: float
    gimbal_roll_deg: float
    flight_yaw_deg: float
    flight_pitch_deg: float
    flight_roll_deg: float


def write_photo(path: Path, image: NDArray[np.uint8], sensed: Sensed, camera: CameraProfile) -> None:
    """Write a JPEG, whole or not at all; equal arguments give equal bytes.

    Parameters
    ----------
    path
        The file to write.
    image
        (height, width, 3), blue, green, red.
    sensed
        Goes into EXIF and XMP.
    camera
        What took the photo; assumed free of distortion, with the optical axis through the middle.

    Raises
    ------
    StorageError
        When the file cannot be written; the message names it.
    """
    write_bytes(path, photo_bytes(image, sensed, camera))


def photo_bytes(image: NDArray[np.uint8], sensed: Sensed, camera: CameraProfile) -> bytes:
    """Return the JPEG file: start of image, EXIF, XMP, then what the encoder wrote without its JFIF header."""
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    jpeg = encoded.tobytes()
    body = jpeg[2:]
    if body[:2] == b"\xff\xe0":
        body = body[2 + int.from_bytes(body[2:4], "big") :]
    xmp = b"http://ns.adobe.com/xap/1.0/\0" + _xmp(sensed, camera).encode()
    return jpeg[:2] + _app1(_exif(sensed, camera)) + _app1(xmp) + body


def _app1(payload: bytes) -> bytes:
    return b"\xff\xe1" + (len(payload) + 2).to_bytes(2, "big") + payload


def _exif(sensed: Sensed, camera: CameraProfile) -> bytes:
    """Return an EXIF 2.32 block; times are local, with their offset from UTC."""
    local = sensed.time_utc.astimezone(_LOCAL_TIME)
    base, gps = ExifTags.Base, ExifTags.GPS
    block = Image.Exif()
    block[base.ImageDescription] = SYNTHETIC
    block[base.Make] = MAKE
    block[base.Model] = camera.name
    block[base.Orientation] = 1
    block[base.XResolution] = block[base.YResolution] = IFDRational(72, 1)
    block[base.ResolutionUnit] = 2  # inch
    block[base.YCbCrPositioning] = 1  # centred, as the encoder samples colour
    block[base.Software] = "dronepatrol simulator"
    block[base.DateTime] = f"{local:%Y:%m:%d %H:%M:%S}"
    width, height = camera.image_wh
    block.get_ifd(ExifTags.IFD.Exif).update({
        base.ExifVersion: b"0232",
        base.FlashPixVersion: b"0100",
        base.ColorSpace: 1,  # sRGB
        base.DateTimeOriginal: f"{local:%Y:%m:%d %H:%M:%S}",
        base.DateTimeDigitized: f"{local:%Y:%m:%d %H:%M:%S}",
        base.OffsetTime: _offset(local),
        base.OffsetTimeOriginal: _offset(local),
        base.OffsetTimeDigitized: _offset(local),
        base.SubsecTimeOriginal: f"{local.microsecond // 1000:03d}",
        base.FocalLength: _rational(camera.focal_mm, 1000),
        base.FocalLengthIn35mmFilm: round(camera.focal_mm * _FULL_FRAME_MM / math.hypot(*camera.sensor_mm)),
        base.ExifImageWidth: width,
        base.ExifImageHeight: height,
    })  # fmt: skip
    block.get_ifd(ExifTags.IFD.GPSInfo).update({
        gps.GPSVersionID: b"\x02\x03\x00\x00",
        gps.GPSLatitudeRef: "N" if sensed.lat_deg >= 0 else "S",
        gps.GPSLatitude: _degrees_minutes_seconds(sensed.lat_deg),
        gps.GPSLongitudeRef: "E" if sensed.lon_deg >= 0 else "W",
        gps.GPSLongitude: _degrees_minutes_seconds(sensed.lon_deg),
        gps.GPSAltitudeRef: b"\x00" if sensed.amsl_m >= 0 else b"\x01",
        gps.GPSAltitude: _rational(abs(sensed.amsl_m), 1000),
        gps.GPSMapDatum: "WGS-84",
    })  # fmt: skip
    return block.tobytes()


def _offset(local: datetime) -> str:
    text = f"{local:%z}"
    return f"{text[:3]}:{text[3:5]}"


def _rational(value: float, denominator: int) -> IFDRational:
    return IFDRational(round(value * denominator), denominator)


def _degrees_minutes_seconds(angle_deg: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    """Return whole degrees, whole minutes and seconds to 1e-6, which is 3e-10 degrees."""
    micro = round(Fraction(abs(angle_deg)) * 3_600_000_000)
    minutes, seconds = divmod(micro, 60_000_000)
    degrees, minutes = divmod(minutes, 60)
    return IFDRational(degrees, 1), IFDRational(minutes, 1), IFDRational(seconds, 1_000_000)


def _xmp(sensed: Sensed, camera: CameraProfile) -> str:
    """Return an XMP packet with DJI's names for the pose, and the IPTC term for what an algorithm made.

    ``CalibratedOpticalCenter`` counts from the image's corner, as DJI does, not from the first pixel's centre.
    """
    width, height = camera.image_wh
    fields = {
        "drone-dji:AltitudeType": "Simulated",
        "drone-dji:GpsLatitude": f"{sensed.lat_deg:+.9f}",
        "drone-dji:GpsLongitude": f"{sensed.lon_deg:+.9f}",
        "drone-dji:AbsoluteAltitude": f"{sensed.amsl_m:+.3f}",
        "drone-dji:RelativeAltitude": f"{sensed.height_m:+.3f}",
        "drone-dji:GimbalYawDegree": f"{sensed.gimbal_yaw_deg:+.3f}",
        "drone-dji:GimbalPitchDegree": f"{sensed.gimbal_pitch_deg:+.3f}",
        "drone-dji:GimbalRollDegree": f"{sensed.gimbal_roll_deg:+.3f}",
        "drone-dji:FlightYawDegree": f"{sensed.flight_yaw_deg:+.3f}",
        "drone-dji:FlightPitchDegree": f"{sensed.flight_pitch_deg:+.3f}",
        "drone-dji:FlightRollDegree": f"{sensed.flight_roll_deg:+.3f}",
        "drone-dji:CalibratedFocalLength": f"{camera.focal_px:.6f}",
        "drone-dji:CalibratedOpticalCenterX": f"{width / 2:.6f}",
        "drone-dji:CalibratedOpticalCenterY": f"{height / 2:.6f}",
        "drone-dji:DewarpFlag": "1",
        "drone-dji:RtkFlag": "0",
        "Iptc4xmpExt:DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia",
    }
    attributes = "\n".join(f"   {name}={quoteattr(value)}" for name, value in fields.items())
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
   xmlns:dc="http://purl.org/dc/elements/1.1/"
   xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
   xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"
{attributes}>
   <dc:description><rdf:Alt><rdf:li xml:lang="x-default">{SYNTHETIC}</rdf:li></rdf:Alt></dc:description>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
