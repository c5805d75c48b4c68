"""Pictures of every kind that cameras and scanners write come out as 8-bit colour, upright as the sensor saw them."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from dronepatrol.detect.images import decode

ORANGE = (230, 120, 40)


def _coded(image, form, **options):
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def test_cmyk_jpeg_has_its_colours():
    image = decode(_coded(Image.new("RGB", (40, 30), ORANGE).convert("CMYK"), "JPEG", quality=95))
    assert image.shape == (30, 40, 3)
    assert image[15, 20].astype(int) == pytest.approx(ORANGE[::-1], abs=6)


def test_grey_becomes_three_equal_channels():
    image = decode(_coded(Image.new("L", (40, 30), 90), "PNG"))
    assert image.shape == (30, 40, 3)
    assert (image == 90).all()


def test_sixteen_bits_become_eight():
    deep = np.full((30, 40), 90 * 257, dtype=np.uint16)
    image = decode(cv2.imencode(".tif", deep)[1].tobytes())
    assert image.dtype == np.uint8
    assert image[15, 20].tolist() == [90, 90, 90]


def test_transparency_is_left_out():
    assert decode(_coded(Image.new("RGBA", (40, 30), (*ORANGE, 10)), "PNG"))[0, 0].tolist() == list(ORANGE[::-1])


def test_orientation_is_not_applied():
    """The camera's geometry knows the picture as the sensor saw it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(_coded(Image.new("RGB", (40, 30)), "JPEG", exif=exif)).shape == (30, 40, 3)


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff", b"GIF89a", b"no picture"])
def test_what_is_no_picture_is_none(content):
    assert decode(content) is None


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_a_16_bit_file_of_a_sensor_of_fewer_bits_is_as_bright_as_its_picture(bits):
    picture = np.arange(256, dtype=np.uint16).repeat(16).reshape(64, 64)
    coded = cv2.imencode(".png", picture << (bits - 8))[1].tobytes()
    np.testing.assert_array_equal(decode(coded), picture[..., None].repeat(3, axis=2))
