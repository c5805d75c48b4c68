"""How fast photo headers are read: ours, exiftool (one process for all files) and Pillow, on the same files in one run.

``python -m benchmarks.ingest [--photos DIR] [--catalogue N]``; the last line of stdout is one JSON object.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PIL import Image

from dronepatrol.ingest.metadata import read_metadata
from dronepatrol.ingest.photos import find_photos

DEFAULT = Path(os.environ.get("DRONEPATROL_TESTDATA", Path(__file__).parents[2] / "shared" / "data")) / "imagery"
STUBS = DEFAULT / "dji_exif_stubs"
"""What the catalogue is made of copies of: headers of a few kilobytes."""
MIN_S = 1.0
ROUNDS = 20
ROUNDS_OF = {"ours": ROUNDS}
TAGS = ["-n", "-json", "-fast", "-q", "-G1"]


def rate(work: Callable[[], None], files: int) -> tuple[float, float]:
    """Return files per second and per second of processor time, over as many rounds as a second takes; the best count.

    On a machine that does other work too, only the second says what the work costs.
    """
    work()
    best_s, best_cpu_s, spent_s = float("inf"), float("inf"), 0.0
    while spent_s < MIN_S:
        start_s, start_cpu_s = time.perf_counter(), sum(os.times()[:4])
        work()
        seconds, cpu_s = time.perf_counter() - start_s, sum(os.times()[:4]) - start_cpu_s
        best_s, spent_s = min(best_s, seconds), spent_s + seconds
        best_cpu_s = min(best_cpu_s, cpu_s) if cpu_s > 0 else best_cpu_s
    return files / best_s, files / best_cpu_s


def ours(paths: list[Path]) -> None:
    """Read all headers as the product does; as often over as makes the clock's ticks small."""
    for _ in range(ROUNDS):
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


def catalogue(photos: int) -> dict[str, object]:
    """Make a catalogue of so many copies of the stubs, page-cached, as ``dronepatrol ingest`` does; in a fresh process.

    Pictures of less than 100 pixels, as the shared stubs are, are not looked at; everything else is done to them.
    """
    with tempfile.TemporaryDirectory() as folder:
        contents = [path.read_bytes() for path in find_photos(STUBS)[0]]
        for n in range(photos):
            copy = Path(folder, "card", f"{n // 1000:03d}", f"{n:06d}.JPG")
            if n % 1000 == 0:
                copy.parent.mkdir(parents=True)
            copy.write_bytes(contents[n % len(contents)])
        command = [sys.executable, "-m", "dronepatrol", "ingest", "--json", "--photos", f"{folder}/card", "--out"]
        start = time.perf_counter()
        said = subprocess.run([*command, f"{folder}/out"], capture_output=True, check=False)
        seconds = time.perf_counter() - start
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = json.loads(said.stdout)
    return {
        "catalogue_photos": photos,
        "catalogue_shots": result["shots"],
        "catalogue_skipped": len(result["skipped"]),
        "catalogue_s": round(seconds, 1),
        "catalogue_cpu_s": round(spent.ru_utime + spent.ru_stime, 1),
        "catalogue_largest_process_mb": round(spent.ru_maxrss / 1024),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, default=DEFAULT, help="folder of photos, with all below it")
    parser.add_argument(
        "--catalogue", type=int, default=0, metavar="N", help="also make a catalogue of N copies of the stubs"
    )
    options = parser.parse_args()
    figures: dict[str, object] = {"benchmark": "ingest"}
    found, _ = find_photos(options.photos)
    paths = [path for path in found if path.suffix.lower() in {".jpg", ".jpeg"}]
    readers: dict[str, Callable[[list[Path]], None]] = {"ours": ours, "pillow": pillow}
    if shutil.which("exiftool"):
        readers["exiftool"] = exiftool
    rates = {name: rate(partial(read, paths), len(paths) * ROUNDS_OF.get(name, 1)) for name, read in readers.items()}
    print(f"{len(paths)} JPEG files")
    for name, value in rates.items():
        print(f"{name:10} {value[0]:10,.0f} files/s {value[1]:10,.0f} files per second of processor time")
    figures["files"] = len(paths)
    figures |= {f"{name}_files_per_s": round(value[0], 1) for name, value in rates.items()}
    figures |= {f"{name}_files_per_cpu_s": round(value[1], 1) for name, value in rates.items()}
    if "exiftool" in rates:
        figures["times_exiftool"] = round(rates["ours"][1] / rates["exiftool"][1], 1)
    if options.catalogue:
        figures |= catalogue(options.catalogue)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
