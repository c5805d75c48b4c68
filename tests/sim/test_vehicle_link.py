"""The vehicle as a process, over UDP on loopback, with pymavlink as its ground station."""

import math
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from dronepatrol.errors import InputError, LinkError
from dronepatrol.model.tables import SIMULATED_TRUTH
from dronepatrol.sim.vehicle.config import VehicleConfig, parse
from dronepatrol.sim.vehicle.process import start

dialect = pytest.importorskip("pymavlink.dialects.v20.ardupilotmega")

HOME = (121.0830, 30.8198, 3.5)
CLOCK = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)


class Station:
    """A ground station of our own, no part of the product."""

    def __init__(self, url):
        _, host, port = url.split(":")
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.connect((host, int(port)))
        self._begin()

    def _begin(self):
        self.socket.settimeout(0.05)
        self.mav = dialect.MAVLink(self, srcSystem=255, srcComponent=190)
        self.mav.robust_parsing = True
        self.beat, self.queue, self.log = 0.0, [], []

    def write(self, packet):
        self.socket.send(packet)

    def _fill(self):
        if time.monotonic() - self.beat > 0.5:
            self.beat = time.monotonic()
            self.mav.heartbeat_send(6, 8, 0, 0, 0)
        try:
            came = self.mav.parse_buffer(self.socket.recv(4096)) or []
        except TimeoutError:
            came = []
        self.queue += came
        self.log += came

    def wait(self, name, where=lambda _: True, timeout_s=10.0):
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            while self.queue:
                message = self.queue.pop(0)
                if message.get_type() == name and where(message):
                    return message
            self._fill()
        pytest.fail(f"no {name} within {timeout_s} s")

    def command(self, number, *params):
        self.mav.command_long_send(1, 1, number, 0, *params, *[0] * (7 - len(params)))
        return self.wait("COMMAND_ACK", lambda ack: ack.command == number).result

    def upload(self, items, kind=0, lose=()):
        self.mav.mission_count_send(1, 1, len(items), kind)
        lose = set(lose)
        while True:
            self._fill()
            for message in self.queue:
                if message.get_type() == "MISSION_ACK":
                    self.queue.clear()
                    return message.type
                if message.get_type() in {"MISSION_REQUEST", "MISSION_REQUEST_INT"}:
                    if message.seq in lose:
                        lose.discard(message.seq)
                        continue
                    self.send_item(message.seq, items[message.seq], kind)
            self.queue.clear()

    def send_item(self, seq, item, kind):
        command, frame, params, lat, lon, height = item
        self.mav.mission_item_int_send(
            1, 1, seq, frame, command, 0, 1, *params, round(lat * 1e7), round(lon * 1e7), height, kind
        )

    def download(self, kind=0):
        self.mav.mission_request_list_send(1, 1, kind)
        count = self.wait("MISSION_COUNT", lambda m: m.mission_type == kind).count
        items = []
        for seq in range(count):
            self.mav.mission_request_int_send(1, 1, seq, kind)
            items.append(self.wait("MISSION_ITEM_INT", lambda m, seq=seq: m.seq == seq))
        self.mav.mission_ack_send(1, 1, 0, kind)
        return items

    def begin(self):
        assert self.command(176, 1, 4) == 0
        assert self.command(400, 1) == 0
        assert self.command(300) == 0

    def last(self, name):
        return next(message for message in reversed(self.log) if message.get_type() == name)

    def close(self):
        self.socket.close()


class TcpStation(Station):
    """The same over TCP."""

    def __init__(self, url):
        _, host, port = url.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=5.0)
        self._begin()

    def write(self, packet):
        self.socket.sendall(packet)


def item(command, north=None, east=0.0, height=50.0, params=(0, 0, 0, 0)):
    if north is None:
        return command, 3, params, 0.0, 0.0, height
    lat = HOME[1] + north / 110860
    return command, 3, params, lat, HOME[0] + east / (111320 * math.cos(math.radians(HOME[1]))), height


MISSION = [
    item(16, 0.0),
    item(22),
    item(205, params=(-90, 0, 0, 0)),
    item(16, 0.0, 30.0),
    item(206, params=(20, 0, 1, 0)),
    item(16, 90.0, 30.0),
    item(206),
    item(20),
]


def config(tmp_path, **more):
    return VehicleConfig(
        home=HOME, flight_id="sortie-01", factor=60, seed=5, clock=CLOCK, truth=tmp_path / "truth.parquet",
        gps_after_s=0.2, wind_m_s=3.0, **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def idle(tmp_path_factory):
    with start(config(tmp_path_factory.mktemp("idle"))) as vehicle:
        yield vehicle


@pytest.fixture
def station(idle):
    station = Station(idle.url)
    station.mav.mission_clear_all_send(1, 1, 255)
    station.wait("MISSION_ACK")
    yield station
    station.close()


def fly_once(folder):
    with start(config(folder)) as vehicle:
        station = Station(vehicle.url)
        station.wait("HEARTBEAT", lambda beat: beat.system_status == 3)
        assert station.upload(MISSION) == 0
        station.begin()
        station.wait("HEARTBEAT", lambda beat: beat.base_mode & 128)
        station.wait("HEARTBEAT", lambda beat: not beat.base_mode & 128, timeout_s=60)
        station.close()
    return station.log


@pytest.fixture(scope="module")
def flown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flown")
    return fly_once(folder), pd.read_parquet(folder / "truth.parquet")


def test_a_flight_ends_on_the_ground_with_all_its_photos_told(flown):
    log, truth = flown
    feedback = [message for message in log if message.get_type() == "CAMERA_FEEDBACK"]
    assert [message.img_idx for message in feedback] == list(range(1, len(truth) + 1))
    assert len(truth) in {4, 5, 6}
    assert [round(lat * 1e7) for lat in truth.sensed_lat_deg] == [message.lat for message in feedback]
    reached = [message.seq for message in log if message.get_type() == "MISSION_ITEM_REACHED"]
    assert reached == [2, 3, 5, 7]  # 1 is overtaken by the item that follows it at once, as recorded
    kinds = {message.get_type() for message in log}
    assert kinds >= {
        "ATTITUDE", "BATTERY_STATUS", "EKF_STATUS_REPORT", "GIMBAL_DEVICE_ATTITUDE_STATUS", "GLOBAL_POSITION_INT",
        "GPS_RAW_INT", "HOME_POSITION", "MISSION_CURRENT", "NAV_CONTROLLER_OUTPUT", "STATUSTEXT",
        "SYSTEM_TIME", "SYS_STATUS", "VFR_HUD", "WIND",
    }  # fmt: skip


def test_the_truth_has_the_schemas_columns(flown):
    _, truth = flown
    assert list(truth.columns) == list(SIMULATED_TRUTH.columns)
    assert list(truth.photo) == [f"sortie-01_{n:04d}.jpg" for n in range(1, len(truth) + 1)]
    assert truth.time_utc.dt.tz is not None
    assert truth.time_utc.min() > pd.Timestamp(CLOCK)
    assert truth.time_utc.is_monotonic_increasing
    assert not truth.isna().to_numpy().any()


def test_the_same_flight_over_the_link_again_is_the_same_bit_by_bit(flown, tmp_path):
    _, first = flown
    fly_once(tmp_path)
    second = pd.read_parquet(tmp_path / "truth.parquet")
    pd.testing.assert_frame_equal(first.drop(columns="time_utc"), second.drop(columns="time_utc"), check_exact=True)


@pytest.fixture
def flown_vehicle(tmp_path):
    with start(replace(config(tmp_path), factor=100)) as vehicle:
        station = Station(vehicle.url)
        station.wait("HEARTBEAT", lambda beat: beat.system_status == 3)
        assert station.upload(MISSION) == 0
        station.begin()
        station.wait("HEARTBEAT", lambda beat: beat.base_mode & 128)
        station.wait("HEARTBEAT", lambda beat: not beat.base_mode & 128, timeout_s=60)
        yield station, len(photo_numbers(station.log))
        station.close()


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_what_was_uploaded_is_read_back(station, kind):
    items = {
        0: MISSION,
        1: [item(5001, n * 10.0, n * n * 7.0, 0.0, (4, 0, 0, 0)) for n in range(4)],
        2: [item(5100, n * 10.0, 5.0, 40.0) for n in range(3)],
    }[kind]
    assert station.upload(items, kind) == 0
    read = station.download(kind)
    first = 1 if kind == 0 else 0
    assert [(m.command, m.frame, m.x, m.y, m.z) for m in read[first:]] == [
        (command, frame, round(lat * 1e7), round(lon * 1e7), height)
        for command, frame, _, lat, lon, height in items[first:]
    ]
    if kind == 0:
        assert (read[0].command, read[0].frame) == (16, 0)
        assert abs(read[0].x / 1e7 - HOME[1]) < 1e-4


def test_lost_items_are_asked_for_again(station):
    assert station.upload(MISSION, lose={0, 3, len(MISSION) - 1}) == 0
    assert len(station.download()) == len(MISSION)


def test_commands_are_always_answered(station):
    assert station.command(31010) == 3
    assert station.command(512, 148) == 0
    version = station.last("AUTOPILOT_VERSION")
    assert version.flight_sw_version >> 16 == 0x0407
    assert version.capabilities & dialect.MAV_PROTOCOL_CAPABILITY_MISSION_INT
    assert station.command(512, 242) == 0
    assert abs(station.last("HOME_POSITION").longitude / 1e7 - HOME[0]) < 1e-4
    assert station.command(512, 1_000_000) == 4
    assert station.command(176, 1, 77) == 4
    assert station.command(300) == 4
    assert station.command(22, 0, 0, 0, 0, 0, 0, 20) == 4


def test_a_stream_comes_as_often_as_asked(station):
    assert station.command(511, 30, 50_000) == 0
    start_ms = station.wait("ATTITUDE").time_boot_ms
    times = [station.wait("ATTITUDE").time_boot_ms for _ in range(20)]
    assert (times[-1] - start_ms) / 20 == pytest.approx(50, abs=15)
    assert station.command(511, 30, 0) == 0


def test_parameters_are_listed_read_and_set(station):
    station.mav.param_request_list_send(1, 1)
    first = station.wait("PARAM_VALUE")
    names = {first.param_id} | {station.wait("PARAM_VALUE").param_id for _ in range(first.param_count - 1)}
    wanted = {"FS_GCS_ENABLE", "FS_THR_ENABLE", "BATT_FS_LOW_ACT", "BATT_FS_CRT_ACT", "FS_EKF_ACTION", "FENCE_ENABLE",
              "FENCE_ACTION", "RTL_ALT", "WPNAV_SPEED", "WPNAV_ACCEL", "ARMING_CHECK"}  # fmt: skip
    assert len(names) == first.param_count
    assert names >= wanted
    station.mav.param_set_send(1, 1, b"RTL_ALT", 4200, 9)
    assert station.wait("PARAM_VALUE").param_value == 4200
    station.mav.param_request_read_send(1, 1, b"RTL_ALT", -1)
    assert station.wait("PARAM_VALUE").param_value == 4200
    station.mav.param_set_send(1, 1, b"WPNAV_ACCEL", 0.0, 9)
    assert station.wait("PARAM_VALUE").param_value == 50


def test_messages_for_another_vehicle_and_rubbish_are_left_alone(station):
    station.mav.command_long_send(9, 1, 400, 0, 1, 0, 0, 0, 0, 0, 0)
    station.write(b"\xfd" + os.urandom(200))
    station.write(b"\xfd\xff")
    assert station.command(410) == 0
    assert station.command(179, 0, 0, 0, 0, 30.0, 121.0, 1e30) == 4
    assert not any(m.get_type() == "COMMAND_ACK" and m.command == 400 for m in station.log)


def test_a_lost_ground_station_brings_it_home(tmp_path):
    quick = config(tmp_path, parameters=(("FS_GCS_TIMEOUT", 0.6),))
    far = [MISSION[0], item(22), item(16, 1500.0, 0.0), item(20)]
    with start(quick) as vehicle:
        station = Station(vehicle.url)
        station.wait("HEARTBEAT", lambda beat: beat.system_status == 3)
        assert station.upload(far) == 0
        station.begin()
        station.beat = math.inf
        text = station.wait("STATUSTEXT", lambda m: "Failsafe" in m.text)
        assert text.text == "GCS Failsafe"
        station.wait("HEARTBEAT", lambda beat: not beat.base_mode & 128, timeout_s=30)
        station.close()


def test_ended_in_flight_it_keeps_the_truth_of_its_photos(tmp_path):
    with start(config(tmp_path)) as vehicle:
        station = Station(vehicle.url)
        station.wait("HEARTBEAT", lambda beat: beat.system_status == 3)
        assert station.upload(MISSION) == 0
        station.begin()
        station.wait("CAMERA_FEEDBACK")
        station.close()
    assert len(pd.read_parquet(tmp_path / "truth.parquet")) >= 1


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_port_in_use_is_said(tmp_path, transport):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        if transport == "tcp":
            taken.listen(1)
        port = taken.getsockname()[1]
        with pytest.raises(
            LinkError, match=rf"cannot listen on {transport}:127\.0\.0\.1:{port}: Address already in use"
        ):
            start(config(tmp_path, port=port, transport=transport))


def photo_numbers(log):
    return sorted({message.img_idx for message in log if message.get_type() == "CAMERA_FEEDBACK"})


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_ground_station_that_stalls_for_seconds_misses_no_photo(tmp_path, transport):
    """At factor 100; over UDP with a receive buffer as large as our own link's, which holds seconds of all messages."""
    many = [MISSION[0], item(22), item(206, params=(4, 0, 1, 0)), item(16, 0.0, 30.0), item(16, 300.0, 30.0), item(20)]
    with start(replace(config(tmp_path, transport=transport), factor=100)) as vehicle:
        station = (Station if transport == "udp" else TcpStation)(vehicle.url)
        station.wait("HEARTBEAT", lambda beat: beat.system_status == 3)
        assert station.upload(many) == 0
        station.begin()
        station.wait("CAMERA_FEEDBACK")
        for _ in range(2):
            time.sleep(1.5)
            station._fill()
        station.wait("HEARTBEAT", lambda beat: not beat.base_mode & 128, timeout_s=60)
        station.close()
    truth = pd.read_parquet(tmp_path / "truth.parquet")
    assert len(truth) > 100
    assert photo_numbers(station.log) == list(range(1, len(truth) + 1))


def test_over_tcp_a_new_connection_takes_the_old_ones_place(tmp_path):
    with start(config(tmp_path, transport="tcp")) as vehicle:
        first = TcpStation(vehicle.url)
        first.wait("HEARTBEAT")
        second = TcpStation(vehicle.url)
        second.wait("HEARTBEAT")
        assert second.command(512, 148) == 0
        assert second.upload(MISSION) == 0
        assert [m.command for m in second.download()] == [command for command, *_ in MISSION]
        first.close()
        second.close()


def test_a_part_of_the_mission_is_written_over_the_link(station):
    assert station.upload(MISSION) == 0
    station.mav.mission_write_partial_list_send(1, 1, 3, 3, 0)
    assert station.wait("MISSION_REQUEST").seq == 3
    station.send_item(3, item(16, 50.0, 60.0, 77.0), 0)
    assert station.wait("MISSION_ACK").type == 0
    read = station.download()
    assert len(read) == len(MISSION)
    assert [m.z for m in read[1:5]] == [50.0, 50.0, 77.0, 50.0]


def test_late_packets_come_late_and_lost_ones_do_not(tmp_path):
    with start(replace(config(tmp_path), parameters=(("SIM_LINK_LAG", 400.0),))) as vehicle:
        station = Station(vehicle.url)
        station.wait("HEARTBEAT")
        asked = time.monotonic()
        assert station.command(410) == 0
        assert 0.8 <= time.monotonic() - asked < 3.0
        station.mav.param_set_send(1, 1, b"SIM_UART_LOSS", 100, 2)
        time.sleep(1.0)
        while station.queue or station.log:
            station.queue.clear()
            station.log.clear()
            station._fill()
        station._fill()
        assert not station.log
        station.close()


def test_the_log_of_a_flight_is_handed_out(flown_vehicle):
    station, photos = flown_vehicle
    station.mav.log_request_list_send(1, 1, 0, 0xFFFF)
    entry = station.wait("LOG_ENTRY")
    assert entry.num_logs == 1
    data = bytearray()
    station.mav.log_request_data_send(1, 1, entry.id, 0, entry.size)
    while len(data) < entry.size:
        chunk = station.wait("LOG_DATA")
        assert chunk.ofs == len(data)
        data += bytes(chunk.data[: chunk.count])
    assert data.count(b"\xa3\x95" + bytes([81])) >= photos


def test_it_ends_when_its_parent_does(tmp_path):
    code = (
        "import sys, time\n"
        "from dronepatrol.sim.vehicle.config import VehicleConfig\n"
        "from dronepatrol.sim.vehicle.process import start\n"
        f"vehicle = start(VehicleConfig(home={HOME!r}, flight_id='a'))\n"
        "print(vehicle.url, vehicle.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline().split()[1])
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    end = time.monotonic() + 5
    while _lives(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not _lives(pid)


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_command_line_says_what_the_config_says(tmp_path):
    asked = config(
        tmp_path, port=14999, parameters=(("RTL_ALT", 3000.0),), battery_share=0.5, perfect_sensors=True, tied=True
    )
    assert parse(asked.arguments()) == asked


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"home": (200.0, 30.0, 0.0)}, "home"),
        ({"factor": 0.0}, "factor"),
        ({"battery_share": 1.5}, "battery share"),
        ({"parameters": (("NO_SUCH", 1.0),)}, "NO_SUCH"),
    ],
)
def test_a_config_that_makes_no_sense_is_refused(wrong, named):
    with pytest.raises(InputError, match=named):
        VehicleConfig(**({"home": HOME, "flight_id": "a"} | wrong))
