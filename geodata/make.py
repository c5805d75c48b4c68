"""Make the demo's geodata from the tables in ``geodata/sources``: run ``python geodata/make.py``.

Nothing here is official. Town positions are public points rounded to 0.001 degrees, outlines are invented and of a
plausible size, and so are zones, networks, registers, cameras, docks and buildings. Every feature says so
(``demo: true``). The same tables give the same bytes.
"""

import argparse
import json
from pathlib import Path

from making.check import check
from making.grids import unit_grids
from making.networks import network
from making.places import buildings, cameras, docks, registers, towns, urban, zones
from making.tables import Feature, Layers

OUT = Path(__file__).resolve().parent / "pinghu"


def layers() -> Layers:
    """Return everything that is made, by file."""
    return {
        "towns": towns(),
        "urban": urban(),
        "docks": docks(),
        "zones": zones(),
        "roads": network("roads"),
        "canals": network("canals"),
        "unit_grids": unit_grids(),
        "cameras": cameras(),
        "buildings": buildings(),
        **registers(),
    }


def write(path: Path, features: list[Feature]) -> None:
    """Write a FeatureCollection with one feature per line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in features)
    path.write_text(f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{path}: {len(features)} features")


def main() -> None:
    """Make, check and write everything."""
    parser = argparse.ArgumentParser(description="Make the demo's geodata from its source tables.")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR", help="folder to write, default geodata/pinghu")
    made = layers()
    check(made)
    for name, features in made.items():
        write(parser.parse_args().out / f"{name}.geojson", features)


if __name__ == "__main__":
    main()
