"""Files of areas to what they hold, and to a map of it."""

from collections.abc import Sequence
from pathlib import Path

from dronepatrol.areas.findings import gathered
from dronepatrol.areas.survey import Entry, Survey, survey
from dronepatrol.export.areas_map import Drawn, write_areas_map
from dronepatrol.model.patrol import Datum

__all__ = ["Entry", "Survey", "draw", "gathered", "look", "measures"]


def look(files: Sequence[Path], zone_files: Sequence[Path], datum: str) -> Survey:
    """Return what the files hold; ``datum`` names what their positions are counted from.

    Raises
    ------
    InputError
        When nothing in them can be used.
    """
    return survey(files, zone_files, Datum(datum))


def draw(found: Survey, path: Path, lang: str) -> None:
    """Draw what was found on a map that opens with no network.

    Raises
    ------
    StorageError
        When the map cannot be written.
    """
    shapes = [
        Drawn(one.file.name, one.what, one.name, f"{one.id} {measures(one)}", one.geometry) for one in found.entries
    ]
    title = " · ".join(file.stem for file in found.crs)
    write_areas_map(path, shapes, gathered(found.findings), title=title, lang=lang)


def measures(entry: Entry) -> str:
    """Return a feature's size in words: km2 and perimeter, or length."""
    if entry.what == "place":
        return ""
    length = f"{entry.length_m / 1e3:.3f} km"
    return length if entry.what == "line" else f"{entry.size_m2 / 1e6:.4f} km2, {length}"
