"""Telemetry logs: recorded ones read as our events, ours read by pymavlink."""

import os
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from pymavlink import mavutil

from dronepatrol.errors import InputError
from dronepatrol.fly.link import CameraEvent, ClockReport, Heartbeat, ItemReached, MissionProgress, PositionReport
from dronepatrol.fly.mavlink import read_tlog
from dronepatrol.fly.mavlink.codec import Codec
from dronepatrol.fly.mavlink.tlog import TlogWriter, packets


def test_a_recorded_survey_tells_its_flight(testdata):
    events = [event for _, event in read_tlog(testdata("flights/copter47_survey.tlog"))]
    kinds = Counter(type(event) for event in events)
    assert kinds[CameraEvent] == 54
    photos = [event for event in events if isinstance(event, CameraEvent)]
    assert [photo.index for photo in photos] == list(range(1, 55))
    assert photos[0].time_utc is not None
    assert photos[0].time_utc.year == 2026
    assert (round(photos[0].lon_deg, 7), round(photos[0].lat_deg, 7)) == (121.020823, 30.7008497)
    assert (photos[0].height_m, photos[0].yaw_deg) == pytest.approx((99.98, 0.6867), abs=1e-3)
    modes = list(dict.fromkeys((e.mode, e.armed) for e in events if isinstance(e, Heartbeat)))
    assert modes == [
        ("STABILIZE", False),
        ("GUIDED", False),
        ("GUIDED", True),
        ("AUTO", True),
        ("AUTO", False),
    ]
    reached = [event.index for event in events if isinstance(event, ItemReached)]
    assert reached[-1] == 28  # the return; item 0 is home
    assert [e.complete for e in events if isinstance(e, MissionProgress)][-1]
    assert any(isinstance(e, ClockReport) and e.time_utc for e in events)
    assert max(e.height_m for e in events if isinstance(e, PositionReport)) == pytest.approx(100, abs=2)


def test_what_we_write_pymavlink_reads(tmp_path):
    path, codec, before = tmp_path / "flight" / "s1.tlog", Codec(), datetime.now(UTC).timestamp()
    log = TlogWriter(path)
    for count in range(300):  # more than one round of sequence numbers
        log.write(codec.pack("mission_count", target_system=1, target_component=1, count=count, mission_type=0))
    log.close()
    reader = mavutil.mavlink_connection(str(path))
    counts = []
    while (message := reader.recv_match()) is not None:
        counts.append(message.count)
        assert before - 1e-3 <= message._timestamp <= time.time()
    reader.close()
    assert counts == list(range(300))


def test_reading_back_gives_the_bytes_that_were_recorded(testdata):
    path = testdata("flights/copter47_fence.tlog")
    whole = path.read_bytes()
    assert sum(len(packet) + 8 for _, packet in packets(path)) == len(whole)


def test_a_torn_end_is_no_error_and_a_photo_is_no_log(tmp_path, testdata):
    whole = testdata("flights/copter47_fence.tlog").read_bytes()
    torn = tmp_path / "torn.tlog"
    torn.write_bytes(whole[:5003])
    assert 0 < len(list(packets(torn))) < 200
    photo = tmp_path / "photo.tlog"
    photo.write_bytes(b"\xff\xd8\xff\xe0" * 100)
    with pytest.raises(InputError, match=r"photo\.tlog: byte 8 is 0xff; expected the start of a MAVLink packet"):
        list(packets(photo))
    with pytest.raises(InputError, match="cannot be read"):
        list(packets(tmp_path / "none.tlog"))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux's /dev/full")  # noqa: PTH110
def test_a_full_disk_ends_the_log_not_the_flight(tmp_path):
    path = tmp_path / "full.tlog"
    path.symlink_to("/dev/full")
    log = TlogWriter(path)
    log.write(Codec().heartbeat())
    log.flush()
    log.write(Codec().heartbeat())
    log.close()
    assert "full.tlog: No space left on device; the telemetry log ends here" in log.trouble


def test_an_earlier_log_is_kept(tmp_path):
    path = tmp_path / "sortie-01.tlog"
    for _ in range(3):
        log = TlogWriter(path)
        log.write(Codec().heartbeat())
        log.close()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["sortie-01.1.tlog", "sortie-01.2.tlog", "sortie-01.tlog"]
    assert all(len(list(packets(one))) == 1 for one in tmp_path.iterdir())
