"""Rows of an ArduPilot dataflash log (.BIN), by its own description of its messages.

A log is a string of messages, each 0xA3 0x95, type, body; messages of type 128 (FMT) describe the others: length, name,
a letter per field (ArduPilot, AP_Logger/LogStructure.h) and the fields' names. What is damaged is stepped over.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

HEAD = b"\xa3\x95"
FORMAT_TYPE = 0x80
START = HEAD + bytes([FORMAT_TYPE])
"""How every log begins: with a description."""

_FORMAT = struct.Struct("<BB4s16s64s")
# letter: (struct code, factor), factor 0 for what is no number
_LETTERS = {
    "b": ("b", 1.0), "B": ("B", 1.0), "h": ("h", 1.0), "H": ("H", 1.0), "i": ("i", 1.0), "I": ("I", 1.0),
    "q": ("q", 1.0), "Q": ("Q", 1.0), "f": ("f", 1.0), "d": ("d", 1.0), "M": ("B", 1.0), "L": ("i", 1e-7),
    "c": ("h", 0.01), "C": ("H", 0.01), "e": ("i", 0.01), "E": ("I", 0.01),
    "n": ("4s", 0.0), "N": ("16s", 0.0), "Z": ("64s", 0.0), "a": ("64s", 0.0),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Format:
    """One kind of message; ``size`` includes the three bytes of its head."""

    name: str
    size: int
    body: struct.Struct
    factors: tuple[float, ...]
    fields: tuple[str, ...]


def rows(log: bytes, name: str) -> Iterator[dict[str, float]]:
    """Yield the numbers of each message of a name, field to value, in the units that the log's factors give.

    Parameters
    ----------
    log
        The whole file, or as much of it as there is.
    name
        Of the messages wanted, such as "CAM".
    """
    formats: dict[int, _Format] = {}
    place = 0
    while (place := log.find(HEAD, place)) >= 0 and place + 3 <= len(log):
        kind = log[place + 2]
        if kind == FORMAT_TYPE:
            place = _learn(log, place, formats)
            continue
        form = formats.get(kind)
        if form is None:
            place += 1
            continue
        if form.name == name and place + form.size <= len(log):
            yield _numbers(form, log, place + 3)
        place += form.size


def _learn(log: bytes, place: int, formats: dict[int, _Format]) -> int:
    """Take in a description and return where the next message begins."""
    if place + 3 + _FORMAT.size > len(log):
        return place + 1
    kind, size, name, letters, fields = _FORMAT.unpack_from(log, place + 3)
    form = _described(size, *(text.split(b"\0", 1)[0].decode("ascii", "replace") for text in (name, letters, fields)))
    if form is None:
        return place + 1
    if kind != FORMAT_TYPE:
        formats.setdefault(kind, form)
    return place + 3 + _FORMAT.size


def _described(size: int, name: str, letters: str, fields: str) -> _Format | None:
    """Return a description, None where it contradicts itself."""
    if any(letter not in _LETTERS for letter in letters):
        return None
    body = struct.Struct("<" + "".join(_LETTERS[letter][0] for letter in letters))
    names = tuple(fields.split(",")) if fields else ()
    if size != body.size + 3 or len(names) != len(letters):
        return None
    return _Format(name, size, body, tuple(_LETTERS[letter][1] for letter in letters), names)


def _numbers(form: _Format, log: bytes, place: int) -> dict[str, float]:
    values = form.body.unpack_from(log, place)
    fields = zip(form.fields, values, form.factors, strict=True)
    return {name: value * factor for name, value, factor in fields if factor}
