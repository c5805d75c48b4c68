"""How fast photo headers are read: ours, exiftool (one process for all files) and Pillow, on the same files in one run.

``python -m benchmarks.ingest [--photos DIR]``; the last line of stdout is one JSON object.
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from dronepatrol.ingest.metadata import read_metadata
from dronepatrol.ingest.photos import find_photos, shots_from_photos, shots_table
from dronepatrol.model.batch import Skipped

DEFAULT = Path(os.environ.get("DRONEPATROL_TESTDATA", Path(__file__).parents[2] / "shared" / "data")) / "imagery"
MIN_S = 1.0
TAGS = ["-n", "-json", "-fast", "-q", "-G1"]


def rate(work: Callable[[], None], files: int) -> float:
    """Return files per second, over as many rounds as a second takes, the best round counting."""
    work()
    best, spent = float("inf"), 0.0
    while spent < MIN_S:
        start = time.perf_counter()
        work()
        seconds = time.perf_counter() - start
        best, spent = min(best, seconds), spent + seconds
    return files / best


def ours(paths: list[Path]) -> None:
    """Read all headers as the product does."""
    for path in paths:
        read_metadata(path)


def pillow(paths: list[Path]) -> None:
    """Read EXIF and find the XMP, without parsing it."""
    for path in paths:
        with Image.open(path) as image:
            exif = image.getexif()
            exif.get_ifd(0x8769), exif.get_ifd(0x8825), image.info.get("xmp")


def exiftool(paths: list[Path]) -> None:
    """Read all tags with one process for all files."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as names:
        names.write("\n".join(map(str, paths)))
        names.flush()
        subprocess.run(["exiftool", *TAGS, "-@", names.name], capture_output=True, check=True)


def catalogue(paths: list[Path]) -> None:
    """Make the table of shots, whole files hashed and footprints drawn."""
    rows = [row for row in shots_from_photos(paths, root=None) if not isinstance(row, Skipped)]
    shots_table(rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, default=DEFAULT, help="folder of photos, with all below it")
    found, _ = find_photos(parser.parse_args().photos)
    paths = [path for path in found if path.suffix.lower() in {".jpg", ".jpeg"}]
    readers: dict[str, Callable[[list[Path]], None]] = {"ours": ours, "pillow": pillow, "catalogue": catalogue}
    if shutil.which("exiftool"):
        readers["exiftool"] = exiftool
    rates = {name: rate(lambda read=read: read(paths), len(paths)) for name, read in readers.items()}  # type: ignore[misc]
    print(f"{len(paths)} JPEG files")
    for name, value in rates.items():
        print(f"{name:10} {value:10,.0f} files/s")
    figures: dict[str, object] = {"benchmark": "ingest", "files": len(paths)}
    figures |= {f"{name}_files_per_s": round(value, 1) for name, value in rates.items()}
    if "exiftool" in rates:
        figures["times_exiftool"] = round(rates["ours"] / rates["exiftool"], 1)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
