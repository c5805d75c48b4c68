"""A simulator of the user's own: what it is told, that it ends with us, and a sortie on a stand-in for ArduCopter."""

import os
import signal
import socket
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path

import pytest

from dronepatrol.errors import InputError, LinkError
from dronepatrol.fly.mavlink import MavlinkLink
from dronepatrol.fly.session import SortieFlight, Supervision, fly_sortie
from dronepatrol.fly.sitl import Craft, Sitl, command, environment, parse_sitl, start_sitl
from dronepatrol.model.flight import Outcome

CRAFT = Craft(10.0, 2.5, 1.5, 2.5, endurance_s=1800.0, wind_m_s=4.0, wind_from_deg=270.0)
STAND_IN = Path(__file__).with_name("arducopter.py")


@pytest.fixture
def arducopter(tmp_path, monkeypatch) -> Sitl:
    """Return a program that takes ArduCopter's options and flies the embedded vehicle."""
    program = tmp_path / "arducopter"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("ARDUCOPTER_TEST_NOTES", str(tmp_path / "notes"))
    return parse_sitl(f"arducopter={program}", 20.0)


def noted(sitl: Sitl) -> tuple[int, Path, str]:
    pid, folder, words = (sitl.program.parent / "notes").read_text().splitlines()[-1].split(maxsplit=2)
    return int(pid), Path(folder), words


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def wait_until(holds, seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_sortie_on_a_simulator_that_starts_late_and_leaves_nothing(arducopter, survey, fence, home):
    plan = SortieFlight("s1", survey, fence, home, 22, time_limit_s=600.0, rally_items=(), return_height_m=60.0)
    with start_sitl(arducopter, (*home, 5.0), CRAFT) as url:
        link = MavlinkLink(url, system_id=1, open_timeout_s=40.0, heartbeat_s=arducopter.heartbeat_s)
        log = fly_sortie(link, plan, Supervision(simulated=True))
        pid, folder, words = noted(arducopter)
        assert alive(pid)
    assert (log.outcome, log.reason) == (Outcome.LANDED, "mission flown")
    assert 20 <= log.photos <= 24
    assert f"--home {home[1]:.8f},{home[0]:.8f},5.00,0" in words
    assert not alive(pid)
    assert not folder.exists()


def test_it_takes_a_port_that_nobody_has(arducopter, home):
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 5760))
        taken.listen()
        with start_sitl(arducopter, (*home, 5.0), CRAFT) as url:
            assert url == "tcp:127.0.0.1:5770"
            wait_until((arducopter.program.parent / "notes").exists)
    assert noted(arducopter)[2].startswith("-I 1 ")


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's parent-death signal")
def test_it_ends_with_us_even_when_we_are_killed(arducopter, home):
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom dronepatrol.fly.sitl import *\n"
        f"craft = Craft(10.0, 2.5, 1.5, 2.5, 1800.0)\nsitl = Sitl('arducopter', Path({str(arducopter.program)!r}))\n"
        f"with start_sitl(sitl, ({home[0]}, {home[1]}, 5.0), craft):\n    time.sleep(60)\n"
    )
    ours = subprocess.Popen([sys.executable, "-c", script])
    wait_until((arducopter.program.parent / "notes").exists)
    pid = noted(arducopter)[0]
    ours.send_signal(signal.SIGKILL)
    ours.wait()
    wait_until(lambda: not alive(pid))


def test_what_arducopter_is_told(tmp_path, home):
    sitl = Sitl("arducopter", Path("/opt/arducopter"), speedup=10.0)
    words = command(sitl, (*home, 5.0), CRAFT, tmp_path)
    assert words[:3] == ("/opt/arducopter", "-I", "0")
    options = dict(zip(words[3::2], words[4::2], strict=True))
    assert options["--home"] == "30.70050000,121.02050000,5.00,0"
    assert options["--speedup"] == "10"
    lines = Path(options["--defaults"]).read_text(encoding="utf-8").splitlines()
    told = {name: float(value) for name, value in (line.split() for line in lines)}
    safe = {"FENCE_ENABLE": 1, "FENCE_ACTION": 1, "FS_GCS_ENABLE": 1, "FS_THR_ENABLE": 1, "BATT_FS_LOW_ACT": 2}
    assert told.items() >= safe.items()
    assert (told["WPNAV_SPEED"], told["WP_SPD"], told["WPNAV_SPEED_UP"]) == (1000.0, 10.0, 250.0)
    assert told["BATT_CAPACITY"] == pytest.approx(15500.0)  # half an hour at the 31 A that the simulator draws
    assert told["FS_GCS_TIMEOUT"] == 50.0  # 5 s of ours
    assert (told["SIM_WIND_SPD"], told["SIM_WIND_DIR"]) == (4.0, 270.0)
    assert "ARMING_CHECK" not in told
    assert sitl.heartbeat_s == pytest.approx(0.1)


def test_what_px4_is_told(home):
    sitl = Sitl("px4", Path("/opt/px4/build/px4_sitl_default/bin/px4"))
    assert command(sitl, (*home, 5.0), CRAFT, Path())[-1] == "/opt/px4/build/px4_sitl_default/etc"
    told = environment(sitl, (*home, 5.0), CRAFT)
    assert (told["PX4_HOME_LAT"], told["PX4_PARAM_NAV_DLL_ACT"], told["PX4_PARAM_GF_ACTION"]) == (
        "30.70050000", "2", "3",
    )  # fmt: skip
    assert told["PX4_PARAM_MPC_XY_CRUISE"] == "10"


@pytest.mark.parametrize("kind", ["arducopter", "px4"])
def test_no_parameter_has_two_lines(kind):
    lines = (files("dronepatrol.data") / "sitl" / f"{kind}.parm").read_text(encoding="utf-8").splitlines()
    names = [line.split()[0] for line in lines if line and not line.startswith("#")]
    assert len(names) == len(set(names)) > 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("arducopter", "expected arducopter=PATH or px4=PATH"),
        ("plane=/bin/sh", "expected arducopter=PATH or px4=PATH"),
        ("arducopter=/no/such/file", "there is no such program"),
        (f"px4={STAND_IN}", "cannot be executed"),
    ],
)
def test_what_is_no_simulator_is_said(text, said):
    with pytest.raises(InputError, match=said):
        parse_sitl(text, 1.0)


@pytest.mark.parametrize(
    ("content", "said"), [("#!/bin/sh\necho no such model; exit 3\n", "no such model"), ("no program", "exit code")]
)
def test_a_program_that_does_not_run_is_said_with_its_last_words(tmp_path, home, content, said):
    program = tmp_path / "arducopter"
    program.write_text(content, encoding="utf-8")
    program.chmod(0o755)
    with pytest.raises(LinkError, match=said), start_sitl(Sitl("arducopter", program), (*home, 5.0), CRAFT):
        pass
