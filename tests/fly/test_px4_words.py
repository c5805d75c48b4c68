"""Where PX4 speaks otherwise than ArduPilot: modes, parameters, photos, the estimator, item 0.

No vehicle of ours is PX4. The messages are packed and parsed by pymavlink as PX4 packs them.
"""

import math
import struct

import pytest
from pymavlink.dialects.v20 import ardupilotmega as dialect

from dronepatrol.fly.link import (
    CameraEvent,
    EstimatorReport,
    Firmware,
    Heartbeat,
    IdentityReport,
    Mode,
    ParameterReport,
    PlanKind,
    WindReport,
)
from dronepatrol.fly.mavlink.codec import Codec
from dronepatrol.fly.mavlink.decode import Decoder
from dronepatrol.fly.mavlink.modes import mode_name, mode_numbers
from dronepatrol.fly.mavlink.readback import Fidelity, differences, unfit
from dronepatrol.model.mission import Command, Frame, MissionItem

QUAD = 2


def said(*messages):
    """Return what a PX4 says with these messages, after its first heartbeat in Hold."""
    sender, decoder, codec = dialect.MAVLink(None, srcSystem=1, srcComponent=1), Decoder(), Codec()
    heartbeat = sender.heartbeat_encode(QUAD, dialect.MAV_AUTOPILOT_PX4, 0x80 | 1, 3 << 24 | 4 << 16, 3)
    events = []
    for message in (heartbeat, *messages):
        for parsed in codec.parse(bytes(message.pack(sender))):
            events += decoder.events(parsed)
    return decoder, events


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.LOITER, Mode.RTL, Mode.LAND])
def test_modes_are_numbers_of_two_parts(mode):
    main, sub = mode_numbers(Firmware.PX4, mode)
    assert mode_name(Firmware.PX4, QUAD, int(sub) << 24 | int(main) << 16) == mode


def test_it_has_no_guided_mode():
    assert mode_numbers(Firmware.PX4, Mode.GUIDED) is None
    assert mode_name(Firmware.PX4, QUAD, 3 << 16) == "POSCTL"


def test_who_it_is_and_that_no_item_is_home():
    decoder, events = said()
    assert events == [IdentityReport(Firmware.PX4, (0, 0, 0), multirotor=True), Heartbeat("LOITER", armed=True)]
    assert decoder.home_items == 0


def test_a_whole_number_travels_as_its_bytes():
    (wire,) = struct.unpack("<f", struct.pack("<i", 3))
    value = dialect.MAVLink_param_value_message(b"GF_ACTION", wire, dialect.MAV_PARAM_TYPE_INT32, 900, 7)
    height = dialect.MAVLink_param_value_message(b"RTL_RETURN_ALT", 60.0, dialect.MAV_PARAM_TYPE_REAL32, 900, 8)
    _, events = said(value, height)
    assert events[-2:] == [ParameterReport("GF_ACTION", 3.0), ParameterReport("RTL_RETURN_ALT", 60.0)]


@pytest.mark.parametrize(("flags", "healthy"), [(0x33F, True), (0x33F | 1 << 10, False), (0x0A7, False)])
def test_its_estimator(flags, healthy):
    status = dialect.MAVLink_estimator_status_message(0, flags, 0.1, 0.4, 0.2, 0.05, 0.0, 0.0, 1.0, 1.0)
    _, events = said(status)
    assert events[-1] == EstimatorReport(healthy, pytest.approx(0.4))


def test_the_wind_comes_from_where_the_vector_does_not_go():
    wind = dialect.MAVLink_wind_cov_message(0, 3.0, 0.0, 0.0, 0.0, 0.0, 50.0, 0.5, 0.5)
    _, events = said(wind)
    assert events[-1] == WindReport(3.0, 180.0)  # the air moves north


def test_a_photo_is_an_image_captured():
    image = dialect.MAVLink_camera_image_captured_message(
        1000, 1_700_000_000_000_000, 1, 307005000, 1210205000, 65_000, 60_000, [1.0, 0.0, 0.0, 0.0], 4, 1, b""
    )
    (event,) = said(image)[1][-1:]
    assert isinstance(event, CameraEvent)
    assert (event.index, event.lat_deg, event.height_m) == (5, pytest.approx(30.7005), 60.0)
    assert math.isnan(event.yaw_deg)


def test_a_mission_begins_with_take_off_and_every_parameter_is_kept():
    px4, take_off = Fidelity(Firmware.PX4), MissionItem(Command.NAV_TAKEOFF, Frame.GLOBAL_RELATIVE_ALT, altitude_m=50.0)
    copter = Fidelity(Firmware.ARDUPILOT, home_items=1)
    assert unfit(PlanKind.MISSION, (take_off,), px4) == ""
    assert "ArduPilot expects home there" in unfit(PlanKind.MISSION, (take_off,), copter)
    turn = MissionItem(Command.NAV_WAYPOINT, Frame.GLOBAL_RELATIVE_ALT, (0.0, 0.0, 0.0, 90.0), 30.7, 121.0, 50.0)
    lost = MissionItem(Command.NAV_WAYPOINT, Frame.GLOBAL_RELATIVE_ALT, (0.0, 0.0, 0.0, 0.0), 30.7, 121.0, 50.0)
    assert differences(PlanKind.MISSION, (turn,), (lost,), px4) == ["item 0: param 4 is 0; expected 90"]
    assert not differences(PlanKind.MISSION, (lost, turn), (lost, lost), copter)  # Copter has a command for headings
