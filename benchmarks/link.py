"""How long a mission takes to be stored on a vehicle and read back: many items on loopback, fewer over a bad radio.

``python -m benchmarks.link [--items N] [--lossy-items N] [--loss SHARE]``. The vehicle is the embedded one, in a
process of its own, over UDP; the radio is the tests' own process, which loses the share each way, repeats and swaps
5 %. Besides wall-clock seconds the processor's are given, ours and the vehicle's, which a busy machine does not
lengthen. The last line of stdout is one JSON object.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dronepatrol.fly.link import PlanKind, Upload
from dronepatrol.fly.mavlink import MavlinkLink
from dronepatrol.model.mission import Command, Frame, MissionItem
from dronepatrol.sim.vehicle.config import VehicleConfig
from dronepatrol.sim.vehicle.process import start

HOME = (121.0205, 30.7005)
RADIO = Path(__file__).parents[1] / "tests" / "fly" / "relay.py"


def mission(count: int) -> tuple[MissionItem, ...]:
    """Return home, take-off, waypoints with camera commands between them, and a return: so many items in all."""
    lon, lat = HOME
    items = [
        MissionItem(Command.NAV_WAYPOINT, Frame.GLOBAL, lat_deg=lat, lon_deg=lon, altitude_m=5.0),
        MissionItem(Command.NAV_TAKEOFF, Frame.GLOBAL_RELATIVE_ALT, lat_deg=lat, lon_deg=lon, altitude_m=50.0),
    ]
    while len(items) < count - 1:
        step_m = 20.0 if len(items) % 4 == 1 else 0.0
        place = (lat + 1e-6 * len(items), lon, 50.0)
        waypoint = MissionItem(Command.NAV_WAYPOINT, Frame.GLOBAL_RELATIVE_ALT, (0.0, 0.0, 0.0, 0.0), *place)
        trigger = MissionItem(Command.DO_SET_CAM_TRIGG_DIST, Frame.MISSION, (step_m, 0.0, float(step_m > 0), 0.0))
        items.append(trigger if len(items) % 2 else waypoint)
    return (*items, MissionItem(Command.NAV_RETURN_TO_LAUNCH, Frame.MISSION))


@contextmanager
def radio(url: str, loss: float) -> Iterator[str]:
    """Put a radio before a vehicle that loses this share each way; without a loss, nothing."""
    if loss <= 0:
        yield url
        return
    options = [f"--loss={loss}", "--repeats=0.05", "--swaps=0.05", "--seed=1"]
    words = [sys.executable, str(RADIO), url.removeprefix("udp:"), "udp", *options]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def measure(count: int, loss: float) -> dict[str, object]:
    """Store so many items and read them back; return how long it took and what the vehicle answered."""
    config = VehicleConfig(home=(*HOME, 5.0), flight_id="link", gps_after_s=0.2)
    with start(config) as vehicle, radio(vehicle.url, loss) as url, MavlinkLink(url, system_id=1) as link:
        link.open()
        link.receive(0.5)
        before_s, ours_s, its_s = time.perf_counter(), time.process_time(), _cpu_s(vehicle.pid)
        answer = link.send(Upload(PlanKind.MISSION, mission(count)))
        return {
            "items": count,
            "loss_each_way": loss,
            "stored_and_verified": answer.accepted,
            "reason": answer.reason,
            "wall_s": round(time.perf_counter() - before_s, 2),
            "our_cpu_s": round(time.process_time() - ours_s, 2),
            "vehicle_cpu_s": round(_cpu_s(vehicle.pid) - its_s, 2),
        }


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure both, and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.link", description=__doc__)
    parser.add_argument("--items", type=int, default=4000)
    parser.add_argument("--lossy-items", type=int, default=700)
    parser.add_argument("--loss", type=float, default=0.2)
    given = parser.parse_args()
    found = {"loopback": measure(given.items, 0.0), "lossy": measure(given.lossy_items, given.loss)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
