"""A mission file before it is understood: bounded bytes, text, JSON, XML and archives.

Files are hostile until parsed: sizes and counts are limited before anything is built from them, XML may have no
document type and so no entities, and nothing of an archive is written to disk.
"""

import io
import json
import math
import re
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from dronepatrol.errors import InputError

MAX_BYTES = 32 * 1024 * 1024
_MAX_LINES = 200_000
_MAX_CONTAINERS = 1_000_000
_MAX_VALUES = 3_000_000
_MAX_ELEMENTS = 1_000_000
_MAX_DEPTH = 64
_MAX_MEMBERS = 1_000
_HARM = "such a file may be made to do harm; ask for a new one from the program that wrote it"
_AGAIN = "save it again from the program that wrote it"
_OTHER_MARKS = {b"PK\x03\x04": "an archive", b"\x1f\x8b": "compressed"}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_CHINESE = re.compile(rb"""<\?xml[^>]{1,100}encoding=["'](?:gb2312|gbk|gb18030)["']""", re.IGNORECASE)


def read_bytes(path: Path) -> bytes:
    """Return a file's content.

    Raises
    ------
    InputError
        When it cannot be read, is no file, empty or too large.
    """
    try:
        if not path.is_file():
            what = "is not there" if not path.exists() else "is not a file"
            msg = f"{path} {what}"
            raise InputError(msg, hint="name a mission file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        msg = f"cannot read {path}: {getattr(error, 'strerror', None) or error}"
        raise InputError(msg, hint="name a mission file") from error
    if len(content) > MAX_BYTES:
        msg = f"{path} has more than {MAX_BYTES:,} bytes, which no mission has"
        raise InputError(msg, hint=_AGAIN)
    if not content.strip():
        msg = f"{path} is empty; expected a mission"
        raise InputError(msg, hint=_AGAIN)
    return content


def text_of(content: bytes, what: str) -> str:
    """Return UTF-8 text, or UTF-16 with a mark; the mark is removed.

    Raises
    ------
    InputError
        When it is another encoding, or no text at all.
    """
    for mark, name in _OTHER_MARKS.items():
        if content.startswith(mark):
            msg = f"{what} is {name}; expected text in UTF-8"
            raise InputError(msg, hint=_AGAIN)
    encoding = "utf-16" if content.startswith(_UTF_16) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        msg = f"{what} is not {encoding.removesuffix('-sig').upper()}: byte {error.start:,} does not fit"
        raise InputError(msg, hint="save it again as UTF-8") from error
    if "\0" in text:
        msg = f"{what} has NUL bytes; expected text"
        raise InputError(msg, hint=_AGAIN)
    return text


def lines_of(text: str, what: str) -> list[str]:
    """Return a text's lines.

    Raises
    ------
    InputError
        When they are more than any mission has.
    """
    if text.count("\n") + text.count("\r") > _MAX_LINES:
        msg = f"{what} has more than {_MAX_LINES:,} lines"
        raise InputError(msg, hint=_AGAIN)
    return text.splitlines()


def json_of(text: str, what: str) -> Any:
    """Return parsed JSON; NaN and Infinity, which JSON does not have, are refused.

    Raises
    ------
    InputError
        When it is no JSON, nested too deep or holds more than any mission does.
    """
    if text.count("[") + text.count("{") > _MAX_CONTAINERS or text.count(",") > _MAX_VALUES:
        msg = f"{what} has more than {_MAX_CONTAINERS:,} lists or {_MAX_VALUES:,} values"
        raise InputError(msg, hint=_AGAIN)
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        msg = f"{what} is nested too deep"
        raise InputError(msg, hint=_HARM) from error
    except ValueError as error:
        msg = f"{what} is damaged: {_short(error)}"
        raise InputError(msg, hint=_AGAIN) from error


def number_of(value: Any) -> float:
    """Return a number of JSON.

    Raises
    ------
    ValueError
        When it is something else: a text, true, an infinite number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        msg = f"{str(value)[:40]!r} where a number is expected"
        raise ValueError(msg)
    return float(value)


def whole_of(value: Any) -> int:
    """Return a whole number of JSON.

    Raises
    ------
    ValueError
        When it is something else.
    """
    number = number_of(value)
    if number != int(number):
        msg = f"{number!r} where a whole number is expected"
        raise ValueError(msg)
    return int(number)


def truth_of(value: Any) -> bool:
    """Return a truth value of JSON; 0 and 1 are some.

    Raises
    ------
    ValueError
        When it is something else.
    """
    if value not in (True, False):
        msg = f"{str(value)[:40]!r} where true or false is expected"
        raise ValueError(msg)
    return bool(value)


def xml_of(content: bytes, what: str) -> Element:
    """Return the root of an XML text; tags have no namespace.

    Raises
    ------
    InputError
        When it is no XML, has a document type or entities, or holds more than any mission does.
    """
    builder = _Builder(what)
    try:
        chinese = _CHINESE.match(content[:200].lstrip())
        builder.parser.Parse(content.decode("gb18030") if chinese else content, True)
        return builder.tree.close()
    except (expat.ExpatError, LookupError, ValueError, AssertionError) as error:
        msg = f"{what} is damaged: {_short(error)}"
        raise InputError(msg, hint=_AGAIN) from error


def members_of(content: bytes, what: str, wanted: re.Pattern[str]) -> dict[str, bytes]:
    """Return the wanted members of an archive by their names.

    Raises
    ------
    InputError
        When it is damaged, holds too much, or a name points out of it.
    """
    if content.count(b"PK\x01\x02") > _MAX_MEMBERS:
        msg = f"{what} holds more than {_MAX_MEMBERS:,} files"
        raise InputError(msg, hint=_HARM)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [member.filename for member in archive.infolist()]
            for name in names:
                _check_name(name, what)
            chosen = [name for name in dict.fromkeys(names) if wanted.fullmatch(name)]
            return {name: _member(archive, name, what) for name in chosen[:4]}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        msg = f"{what} cannot be unpacked: {_short(error)}"
        raise InputError(msg, hint=_AGAIN) from error


class _Builder:
    """Builds a tree and refuses what would let it grow."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.tree = TreeBuilder()
        self.elements = 0
        self.depth = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self.tree.data

    def _doctype(self, *_ignored: object) -> NoReturn:
        msg = f"{self.what} has a document type or entities; expected neither"
        raise InputError(msg, hint=_HARM)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        self.depth += 1
        if self.elements > _MAX_ELEMENTS or self.depth > _MAX_DEPTH:
            msg = f"{self.what} has more than {_MAX_ELEMENTS:,} elements, or more than {_MAX_DEPTH} inside each other"
            raise InputError(msg, hint=_HARM)
        self.tree.start(tag.rpartition(":")[2], attributes)

    def _end(self, tag: str) -> None:
        self.depth -= 1
        self.tree.end(tag.rpartition(":")[2])


def _check_name(name: str, what: str) -> None:
    if PurePosixPath(name).is_absolute() or ".." in re.split(r"[/\\]", name) or re.match(r"[A-Za-z]:|\\", name):
        msg = f"{what} holds a file named {name[:60]!r}, which points out of the archive"
        raise InputError(msg, hint=_HARM)


def _member(archive: zipfile.ZipFile, name: str, what: str) -> bytes:
    with archive.open(name) as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        msg = f"{what}: {name} unpacks to more than {MAX_BYTES:,} bytes"
        raise InputError(msg, hint=_HARM)
    return content


def _refuse_constant(name: str) -> NoReturn:
    msg = f"{name} is no number"
    raise ValueError(msg)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
