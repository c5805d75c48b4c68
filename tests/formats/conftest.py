"""Makes the helpers of these tests importable as ``formats_flights`` and ``formats_damage``."""

import importlib.util
import sys
from pathlib import Path

for name in ("flights", "damage"):
    spec = importlib.util.spec_from_file_location(f"formats_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[f"formats_{name}"] = module
    spec.loader.exec_module(module)
