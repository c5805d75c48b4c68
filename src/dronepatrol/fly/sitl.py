"""Starting a simulator of the user's own: ArduPilot's or PX4's, as a process that ends with us.

ArduPilot: https://ardupilot.org/dev/docs/sitl-simulator-software-in-the-loop.html and the binary's own ``--help``; what
it draws and needs is from recordings of ArduCopter 4.7. PX4: https://docs.px4.io/main/en/simulation/ ; its SIH model
needs no other program.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO

from dronepatrol.errors import InputError, LinkError

KINDS = ("arducopter", "px4")
OPEN_TIMEOUT_S = 40.0
"""Wall-clock seconds that a simulator may take until it speaks: it starts up while we wait."""
_BY_ITSELF = "does it run on this machine by itself? docs/fly.md says how to get one"
_ALIVE_S = 0.5  # a simulator that cannot run says so and ends within this
_STOP_S = 10.0
_ARDUPILOT_PORT, _PORTS_APART, _INSTANCES = 5760, 10, 20
_PX4_PORT = 14550
_QUAD_CURRENT_A = 31.0  # what ArduPilot's simulated quadcopter draws, hovering or cruising, at 12.6 V
_LOW_SHARE, _CRITICAL_SHARE = 0.15, 0.08
_GCS_TIMEOUT_S, _GCS_TIMEOUT_MOST_S = 5.0, 120.0


@dataclass(frozen=True, slots=True)
class Sitl:
    """A simulator: its kind, its program, and how many times faster than real it shall run."""

    kind: str
    program: Path
    speedup: float = 1.0
    system_id: int = 1

    @property
    def heartbeat_s(self) -> float:
        """Wall-clock seconds between our heartbeats: its failsafe counts them on its own, faster clock."""
        return max(0.02, 1.0 / max(1.0, self.speedup))


@dataclass(frozen=True, slots=True)
class Craft:
    """What a simulator is told of the planned aircraft and the day: speeds, wind, how long its battery lasts."""

    cruise_m_s: float
    climb_m_s: float
    descent_m_s: float
    acceleration_m_s2: float
    endurance_s: float
    wind_m_s: float = 0.0
    wind_from_deg: float = 0.0


def parse_sitl(text: str, speedup: float) -> Sitl:
    """Return what ``KIND=PATH`` asks for.

    Raises
    ------
    InputError
        When the kind is not known, or there is no program there.
    """
    kind, _, path = text.partition("=")
    if kind not in KINDS or not path:
        msg = f"--sitl {text}: expected arducopter=PATH or px4=PATH"
        raise InputError(msg, hint="docs/fly.md says how to get a simulator")
    program = Path(path).expanduser()
    if not program.is_file():
        msg = f"{program}: there is no such program"
        raise InputError(msg, hint="docs/fly.md says how to get a simulator")
    if not os.access(program, os.X_OK):
        msg = f"{program} cannot be executed"
        raise InputError(msg, hint=f"chmod +x {program}")
    return Sitl(kind, program.resolve(), speedup)


@contextmanager
def start_sitl(sitl: Sitl, home: tuple[float, float, float], craft: Craft) -> Iterator[str]:
    """Start a simulator standing at home (lon, lat in degrees, ground above the geoid in metres); yield its address.

    It works in a folder of its own, which goes with it, with our parameters for camera, mount, fence and failsafes in a
    file there: this vehicle is ours to configure. It has a port that nobody else listens on, so that no other vehicle
    can be taken for it.

    Raises
    ------
    LinkError
        When it ends at once, with its last words, or when no port is free.
    """
    with tempfile.TemporaryDirectory(prefix="dronepatrol-sitl-") as name:
        folder = Path(name)
        instance = _free_instance() if sitl.kind == "arducopter" else 0
        with (folder / "output.txt").open("w+b") as said:
            words = (*_dies_with_us(), *command(sitl, home, craft, folder, instance))
            process = _run(words, folder, environment(sitl, home, craft), said)
            try:
                _await_alive(process, sitl, folder)
                yield _address(sitl, instance)
            finally:
                _stop(process)


def command(
    sitl: Sitl, home: tuple[float, float, float], craft: Craft, folder: Path, instance: int = 0
) -> Sequence[str]:
    """Return the simulator's command line, and write the parameters that it names."""
    lon, lat, amsl_m = home
    if sitl.kind == "px4":
        build = sitl.program.parent.parent / "etc"  # build/px4_sitl_default/{bin/px4,etc}
        return (str(sitl.program), "-i", "0", "-d", str(build))
    defaults = folder / "dronepatrol.parm"
    lines = [f"{name} {value:g}" for name, value in parameters(sitl, craft).items()]
    defaults.write_text("\n".join(lines) + "\n", encoding="utf-8")
    place = f"{lat:.8f},{lon:.8f},{amsl_m:.2f},0"
    options = {"--model": "quad", "--home": place, "--speedup": f"{sitl.speedup:g}", "--defaults": str(defaults)}
    return (str(sitl.program), "-I", str(instance), *(word for pair in options.items() for word in pair))


def environment(sitl: Sitl, home: tuple[float, float, float], craft: Craft) -> dict[str, str]:
    """Return the variables by which PX4 is told its model, its home and its parameters; none for ArduPilot."""
    if sitl.kind != "px4":
        return {}
    lon, lat, amsl_m = home
    told = {
        "PX4_SIM_MODEL": "sihsim_quadx",
        "PX4_SIM_SPEED_FACTOR": f"{sitl.speedup:g}",
        "PX4_HOME_LAT": f"{lat:.8f}",
        "PX4_HOME_LON": f"{lon:.8f}",
        "PX4_HOME_ALT": f"{amsl_m:.2f}",
    }
    return told | {f"PX4_PARAM_{name}": f"{value:g}" for name, value in parameters(sitl, craft).items()}


def parameters(sitl: Sitl, craft: Craft) -> dict[str, float]:
    """Return the parameters that a simulator is started with: our file's, and what depends on the patrol.

    A newer ArduCopter has some of them under another name and in metres; both are written, as a simulator passes over
    names that it does not know.
    """
    text = (files("dronepatrol.data") / "sitl" / f"{sitl.kind}.parm").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, value in lines} | _OF_THE_PATROL[sitl.kind](sitl, craft)


def _of_arducopter(sitl: Sitl, craft: Craft) -> dict[str, float]:
    speeds = {
        ("WPNAV_SPEED", "WP_SPD"): craft.cruise_m_s,
        ("WPNAV_SPEED_UP", "WP_SPD_UP"): craft.climb_m_s,
        ("WPNAV_SPEED_DN", "WP_SPD_DN"): craft.descent_m_s,
        ("WPNAV_ACCEL", "WP_ACC"): craft.acceleration_m_s2,
    }
    found = {names[0]: round(value * 100.0, 1) for names, value in speeds.items()}
    found |= {names[1]: value for names, value in speeds.items()}
    capacity_mah = round(_QUAD_CURRENT_A * craft.endurance_s / 3.6)
    return found | {
        "BATT_CAPACITY": capacity_mah,
        "BATT_LOW_MAH": round(_LOW_SHARE * capacity_mah),
        "BATT_CRT_MAH": round(_CRITICAL_SHARE * capacity_mah),
        "FS_GCS_TIMEOUT": min(_GCS_TIMEOUT_S * max(1.0, sitl.speedup), _GCS_TIMEOUT_MOST_S),
        "SIM_WIND_SPD": craft.wind_m_s,
        "SIM_WIND_DIR": craft.wind_from_deg,
    }


def _of_px4(_: Sitl, craft: Craft) -> dict[str, float]:
    return {
        "MPC_XY_CRUISE": craft.cruise_m_s,
        "MPC_Z_V_AUTO_UP": craft.climb_m_s,
        "MPC_Z_V_AUTO_DN": craft.descent_m_s,
        "MPC_ACC_HOR": craft.acceleration_m_s2,
    }


_OF_THE_PATROL: Mapping[str, Callable[[Sitl, Craft], dict[str, float]]] = {
    "arducopter": _of_arducopter,
    "px4": _of_px4,
}


def _address(sitl: Sitl, instance: int) -> str:
    """Return where a simulator of ours is reached, from this machine alone."""
    if sitl.kind == "px4":
        return f"udpin:127.0.0.1:{_PX4_PORT}"
    return f"tcp:127.0.0.1:{_ARDUPILOT_PORT + _PORTS_APART * instance}"


def _free_instance() -> int:
    """Return the number of an ArduPilot instance whose port nobody listens on."""
    for instance in range(_INSTANCES):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # an ended connection does not hold the port
            try:
                probe.bind(("0.0.0.0", _ARDUPILOT_PORT + _PORTS_APART * instance))
            except OSError:
                continue
            return instance
    last = _ARDUPILOT_PORT + _PORTS_APART * (_INSTANCES - 1)
    msg = f"no port for a simulator is free between {_ARDUPILOT_PORT} and {last}"
    raise LinkError(msg, hint="end the simulators that run already")


def _dies_with_us() -> Sequence[str]:
    """Return the words before a command that make it end when we are killed; none where the system has no setpriv."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()


def _run(words: Sequence[str], folder: Path, variables: Mapping[str, str], said: BinaryIO) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            words,
            cwd=folder,
            env=os.environ | variables,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is for the ground station, which brings it home
        )
    except OSError as error:
        msg = f"{words[0]} cannot be run: {error.strerror or error}"
        raise LinkError(msg, hint=_BY_ITSELF) from error


def _await_alive(process: "subprocess.Popen[bytes]", sitl: Sitl, folder: Path) -> None:
    until = time.monotonic() + _ALIVE_S
    while time.monotonic() < until:
        code = process.poll()
        if code is not None:
            words = (folder / "output.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
            msg = f"{sitl.program} ended at once with exit code {code}: {words[-1] if words else 'it said nothing'}"
            raise LinkError(msg, hint=_BY_ITSELF)
        time.sleep(0.05)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
