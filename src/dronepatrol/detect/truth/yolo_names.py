"""What the class numbers of a YOLO data set mean: ``classes.txt`` or the ``names`` of ``data.yaml``."""

import ast
import re
from pathlib import Path

from dronepatrol.detect.truth.labelled import read_text
from dronepatrol.errors import InputError

CLASS_FILES = ("classes.txt", "obj.names")
YAML_FILES = ("data.yaml", "dataset.yaml", "data.yml")
_ENTRY = re.compile(r"""^\s+(?:-|(\d+)\s*:)\s*['"]?([^'"#\n]+?)['"]?\s*(?:\#.*)?$""")


def yolo_names(folder: Path, images: Path) -> tuple[str, ...]:
    """Return the class names of a YOLO data set, from a file in its label folder or up to two folders above.

    Raises
    ------
    InputError
        When there is no such file, or no names in it.
    """
    places = dict.fromkeys([folder, folder.parent, images.parent, folder.parent.parent])
    for place in places:
        for name in CLASS_FILES:
            if (place / name).is_file():
                return tuple(line.strip() for line in read_text(place / name).splitlines() if line.strip())
        for name in YAML_FILES:
            if (place / name).is_file():
                return _from_yaml(place / name)
    msg = f"{folder}: no {', '.join((*CLASS_FILES, *YAML_FILES))} says what the class numbers mean"
    raise InputError(msg, hint="give the names in their order: --names car,truck,bus")


def _from_yaml(path: Path) -> tuple[str, ...]:
    """Return ``names`` of a data set's YAML, written as [a, b], as {0: a}, or one per line."""
    text = read_text(path)
    found = re.search(r"^names\s*:[ \t]*(.*)$", text, re.MULTILINE)
    names = _inline(found[1]) if found and found[1].strip(" \r") else _lines(text[found.end() :]) if found else ()
    if not names:
        msg = f"{path.name}: no names of classes in it"
        raise InputError(msg, hint="give the names in their order: --names car,truck,bus")
    return names


def _inline(text: str) -> tuple[str, ...]:
    text = text.split(" #", maxsplit=1)[0].strip()
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        value = [part.strip(" '\"") for part in text.strip("[]").split(",")] if text.startswith("[") else ()
    if isinstance(value, dict):
        value = [value[number] for number in sorted(value)]
    return tuple(str(name) for name in value) if isinstance(value, list | tuple) else ()


def _lines(text: str) -> tuple[str, ...]:
    names = []
    for line in text.lstrip("\r\n").splitlines():
        entry = _ENTRY.match(line) or re.match(r"""^-\s*()['"]?([^'"#\n]+?)['"]?\s*$""", line)
        if entry is None:
            break
        names.append(entry[2])
    return tuple(names)
