"""Starting a simulator of the user's own: ArduPilot's or PX4's, as a process that ends with us.

ArduPilot: https://ardupilot.org/dev/docs/sitl-simulator-software-in-the-loop.html and the binary's own ``--help``.
PX4: https://docs.px4.io/main/en/simulation/ ; its SIH model needs no other program.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from dronepatrol.errors import InputError, LinkError

KINDS = ("arducopter", "px4")
_ALIVE_S = 0.5  # a simulator that cannot run says so and ends within this
_STOP_S = 10.0
_PORTS = {"arducopter": "tcp:127.0.0.1:5760", "px4": "udpin:0.0.0.0:14550"}


@dataclass(frozen=True, slots=True)
class Sitl:
    """A simulator: its kind, its program, and how many times faster than real it shall run."""

    kind: str
    program: Path
    speedup: float = 1.0
    system_id: int = 1


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
def start_sitl(sitl: Sitl, home: tuple[float, float, float]) -> Iterator[str]:
    """Start a simulator standing at home (lon, lat in degrees, ground above the geoid in metres); yield its address.

    It works in a folder of its own, which goes with it, with our parameters for camera, mount, fence and failsafes in a
    file there: this vehicle is ours to configure.

    Raises
    ------
    LinkError
        When it ends at once, with its last words.
    """
    with tempfile.TemporaryDirectory(prefix="dronepatrol-sitl-") as name:
        folder = Path(name)
        with (folder / "output.txt").open("w+b") as said:
            process = subprocess.Popen(
                command(sitl, home, folder),
                cwd=folder,
                env=os.environ | environment(sitl, home),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal is for the ground station, which brings it home
            )
            try:
                _await_alive(process, sitl, folder)
                yield _PORTS[sitl.kind]
            finally:
                _stop(process)


def command(sitl: Sitl, home: tuple[float, float, float], folder: Path) -> Sequence[str]:
    """Return the simulator's command line, and write the parameters that it names."""
    lon, lat, amsl_m = home
    if sitl.kind == "px4":
        build = sitl.program.parent.parent / "etc"  # build/px4_sitl_default/{bin/px4,etc}
        return (str(sitl.program), "-i", "0", "-d", str(build))
    defaults = folder / "dronepatrol.parm"
    defaults.write_text(parameters(sitl.kind), encoding="utf-8")
    place = f"{lat:.8f},{lon:.8f},{amsl_m:.2f},0"
    speed = f"{sitl.speedup:g}"
    return (str(sitl.program), "--model", "quad", "--home", place, "--speedup", speed, "--defaults", str(defaults))


def environment(sitl: Sitl, home: tuple[float, float, float]) -> dict[str, str]:
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
    lines = [line.split() for line in parameters(sitl.kind).splitlines() if line and not line.startswith("#")]
    return told | {f"PX4_PARAM_{name}": value for name, value in lines}


def parameters(kind: str) -> str:
    """Return the parameters that a simulator of this kind is started with, as its own files have them."""
    return (files("dronepatrol.data") / "sitl" / f"{kind}.parm").read_text(encoding="utf-8")


def _await_alive(process: "subprocess.Popen[bytes]", sitl: Sitl, folder: Path) -> None:
    until = time.monotonic() + _ALIVE_S
    while time.monotonic() < until:
        code = process.poll()
        if code is not None:
            words = (folder / "output.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
            msg = f"{sitl.program} ended at once with exit code {code}: {words[-1] if words else 'it said nothing'}"
            raise LinkError(msg, hint="does it run on this machine by itself? docs/fly.md says how to get one")
        time.sleep(0.05)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
