"""Makes the strategies of flights importable as ``formats_flights``."""

import importlib.util
import sys
from pathlib import Path

SPEC = importlib.util.spec_from_file_location("formats_flights", Path(__file__).with_name("flights.py"))
MODULE = importlib.util.module_from_spec(SPEC)
sys.modules["formats_flights"] = MODULE
SPEC.loader.exec_module(MODULE)
