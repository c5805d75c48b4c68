"""The profiles that come with the package are whole and make sense."""

import pytest

from dronepatrol.errors import InputError
from dronepatrol.store import profiles


@pytest.mark.parametrize("profile_id", profiles.known("cameras"))
def test_cameras_have_square_pixels(profile_id):
    camera = profiles.camera(profile_id)
    assert camera.id == profile_id
    across, along = (size / pixels for size, pixels in zip(camera.sensor_mm, camera.image_wh, strict=True))
    assert across == pytest.approx(along, rel=0.01)


@pytest.mark.parametrize("profile_id", profiles.known("aircraft"))
def test_aircraft_keep_a_reserve_and_climb_is_dearest(profile_id):
    craft = profiles.aircraft(profile_id)
    assert craft.id == profile_id
    assert 0.2 <= craft.reserve_share <= 0.35
    assert craft.hover_w <= craft.cruise_w <= craft.climb_w
    assert craft.autopilot in ("ardupilot", "px4")


def test_demo_camera_flies_at_about_100_m():
    assert 95 <= profiles.camera("embedded-3mp").height_for_gsd_m(0.049) <= 105


@pytest.mark.parametrize("find", [profiles.camera, profiles.aircraft])
@pytest.mark.parametrize("name", ["", "nikon", "../cameras/embedded-3mp", "EMBEDDED-3MP"])
def test_unknown_profiles_are_refused_with_the_known_ones(find, name):
    with pytest.raises(InputError, match="there are") as caught:
        find(name)
    assert "embedded-3mp" in caught.value.message or "small-quad" in caught.value.message
