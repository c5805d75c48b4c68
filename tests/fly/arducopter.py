"""Stands for a user's ArduCopter simulator: its command line and its port, and the embedded vehicle behind them.

Like the real one it takes a while to listen, knows only some of the parameters that it is given, and has a GPS late.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from dronepatrol.sim.vehicle.parameters import Parameters

parser = argparse.ArgumentParser()
parser.add_argument("-I", dest="instance", type=int, default=0)
for name in ("model", "home", "defaults"):
    parser.add_argument(f"--{name}", required=True)
parser.add_argument("--speedup", type=float, default=1.0)
given = parser.parse_args()
lat, lon, amsl, _ = given.home.split(",")
text = Path(given.defaults).read_text(encoding="utf-8")
lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
known = Parameters()
with Path(os.environ["ARDUCOPTER_TEST_NOTES"]).open("a", encoding="utf-8") as notes:
    notes.write(f"{os.getpid()} {Path.cwd()} {' '.join(sys.argv[1:])}\n")
time.sleep(1.0)
words = [sys.executable, "-m", "dronepatrol.sim.vehicle", f"--listen=tcp:127.0.0.1:{5760 + 10 * given.instance}"]
words += [f"--home={lon},{lat},{amsl}", f"--factor={given.speedup}", "--gps-after=3", "--seed=1"]
words += [f"--param={name}={value}" for name, value in lines if name in known]
os.execv(words[0], words)
