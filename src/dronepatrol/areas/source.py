"""A user's file before its features are read: is it what its name says, how large, which encoding; KMZ is unpacked.

Files are hostile until parsed: a name alone would let the reader open formats that point at other files, an archive
may hold a bomb, and XML may define entities that grow without end.
"""

import codecs
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dronepatrol.errors import InputError

HINT = "name a GeoJSON, GeoPackage, Shapefile, KML or KMZ file"
_MAX_BYTES = 256 * 1024 * 1024
_MAX_TEXT_BYTES = 64 * 1024 * 1024
_MAX_MEMBERS = 1000
_HEAD_BYTES = 4096
_ALWAYS_WGS84 = (".geojson", ".json", ".kml", ".kmz")
_KML_ROOT = re.compile(rb"(?:\xef\xbb\xbf)?(?>\s+|<\?.*?\?>|<!--.*?-->)*+<(?:!DOCTYPE|(?:\w+:)?kml[\s>])", re.DOTALL)
_CHINESE_XML = re.compile(rb"(\s*<\?xml[^>]{0,200}?encoding=[\"'])gb(?:18030|k|2312)(?=[\"'])", re.IGNORECASE)
_OTHER_FORMATS = {
    b"<OGRVRTDataSource": "a virtual data source",
    b"gdal_streamed_alg": "a processing pipeline",
}
"""Formats that point at other files, and that the reader would take for what they are whatever the file's name."""
_CODE_PAGES = {0x4D: "gb18030", 0x7A: "gb18030"}
"""Language drivers of dBASE tables that mean Chinese; GB18030 holds all of the older code page 936."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that may be read: ``content`` is None for one that is read from its path.

    ``encoding`` is that of the attribute table, None where the format or the file says it.
    """

    path: Path
    content: bytes | None = None
    encoding: str | None = None

    @property
    def always_wgs84(self) -> bool:
        """Whether files of this kind are in WGS-84 unless they say otherwise."""
        return self.path.suffix.lower() in _ALWAYS_WGS84


def _starts_with(*heads: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(heads)


_HEADS: dict[str, Callable[[bytes], bool]] = {
    ".geojson": _starts_with(b"{"),
    ".json": _starts_with(b"{"),
    ".gpkg": _starts_with(b"SQLite format 3\0"),
    ".shp": _starts_with(b"\x00\x00\x27\x0a"),
    ".kml": lambda head: _KML_ROOT.match(head) is not None,
    ".kmz": _starts_with(b"PK\x03\x04"),
}


def open_source(path: Path) -> Source:
    """Return a file that may be read.

    Raises
    ------
    InputError
        When it is missing, empty, too large, not of the kind that its name says, or made to do harm.
    """
    suffix = path.suffix.lower()
    _check_head(path, suffix)
    try:
        if suffix == ".kmz":
            return Source(path, _checked_kml(path, _unpacked(path)))
        if suffix == ".kml":
            return Source(path, _checked_kml(path, path.read_bytes()))
        if suffix == ".shp":
            return Source(path, encoding=_encoding(path))
        if suffix != ".gpkg":
            _check_format(path, path.read_bytes())
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror or error}"
        raise InputError(msg, hint=HINT) from error
    return Source(path)


def _check_head(path: Path, suffix: str) -> None:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        msg = f"cannot read {path}: {reason}"
        raise InputError(msg, hint=HINT) from error
    if not head:
        msg = f"{path} is empty; expected a file with features"
        raise InputError(msg, hint=HINT)
    most = _MAX_BYTES if suffix in {".gpkg", ".shp"} else _MAX_TEXT_BYTES
    if size > most:
        msg = f"{path} has {size:,} bytes; a {suffix} file has at most {most:,}"
        raise InputError(msg, hint="leave out what is not needed, or save it as a GeoPackage")
    looks_right = _HEADS.get(suffix)
    if looks_right is None:
        msg = f"{path}: {path.suffix or 'no suffix'} is not one of {', '.join(_HEADS)}"
        raise InputError(msg, hint=HINT)
    if not looks_right(head):
        msg = f"{path} does not begin like a {suffix} file"
        raise InputError(msg, hint=HINT)


def _checked_kml(path: Path, content: bytes) -> bytes:
    """Return KML in UTF-8 that defines no entities; an encoding with NUL bytes could hide them."""
    if said := _CHINESE_XML.match(content):
        try:
            content = said[1] + b"UTF-8" + content[said.end() :].decode("gb18030").encode("utf-8")
        except UnicodeDecodeError as error:
            msg = f"{path}: its KML is not in the encoding that it says"
            raise InputError(msg, hint="save it again as UTF-8") from error
    if b"\0" in content[:_HEAD_BYTES]:
        msg = f"{path}: its KML is not UTF-8"
        raise InputError(msg, hint="save it again as UTF-8")
    _check_format(path, content)
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        msg = f"{path}: its KML has a document type or entities; expected neither"
        raise InputError(msg, hint="save it again from the program that drew it; such a file may be made to do harm")
    return content


def _check_format(path: Path, content: bytes) -> None:
    for sign, what in _OTHER_FORMATS.items():
        if sign in content:
            msg = f"{path} has {what} in it, which points at other files"
            raise InputError(msg, hint="save the features themselves; such a file may be made to do harm")


def _unpacked(path: Path) -> bytes:
    """Return the main KML of a KMZ: doc.kml, or else the first .kml; nothing is written to disk."""
    hint = "open it in the program that drew it and save it as KML or GeoJSON"
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MAX_MEMBERS:
                msg = f"{path} holds {len(members):,} files; a KMZ has at most {_MAX_MEMBERS:,}"
                raise InputError(msg, hint=hint)
            for name in (member.filename for member in members):
                if PurePosixPath(name).is_absolute() or ".." in re.split(r"[/\\]", name) or re.match("[A-Za-z]:", name):
                    msg = f"{path} holds a file named {name[:60]!r}, which points out of the archive"
                    raise InputError(msg, hint="such a file may be made to do harm; ask for a new one")
            kml = [member for member in members if member.filename.lower().endswith(".kml")]
            if not kml:
                msg = f"{path} holds no .kml file"
                raise InputError(msg, hint=hint)
            main = next((member for member in kml if member.filename.lower() == "doc.kml"), kml[0])
            with archive.open(main) as file:
                content = file.read(_MAX_TEXT_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        msg = f"{path} cannot be unpacked: {' '.join(str(error).split())[:200]}"
        raise InputError(msg, hint=hint) from error
    if len(content) > _MAX_TEXT_BYTES:
        msg = f"{path} unpacks to more than {_MAX_TEXT_BYTES:,} bytes"
        raise InputError(msg, hint="such a file may be made to do harm; save it again with fewer features")
    if not _KML_ROOT.match(content[:_HEAD_BYTES]):
        msg = f"{path}: {main.filename[:60]!r} does not begin like a .kml file"
        raise InputError(msg, hint=hint)
    return content


def _encoding(path: Path) -> str | None:
    """Return the encoding of a Shapefile's attribute table, None where there is no table.

    The .cpg file beside it says it. Without one, or with one that nobody understands, the table's language driver
    decides, and without that its bytes: what reads as UTF-8 is UTF-8, all else GB18030, which every text of Chinese
    offices before UTF-8 is part of.
    """
    beside = {file.suffix.lower(): file for file in path.parent.glob(f"{_literal(path.stem)}.*")}
    if ".dbf" not in beside:
        return None
    if (size := beside[".dbf"].stat().st_size) > _MAX_BYTES:
        msg = f"{beside['.dbf']} has {size:,} bytes; an attribute table has at most {_MAX_BYTES:,}"
        raise InputError(msg, hint="leave out what is not needed")
    if ".cpg" in beside:
        said = beside[".cpg"].read_bytes()[:40].decode("ascii", "replace").strip().lower().replace(" ", "")
        if known := _known(said if not said.isdigit() else f"cp{said}"):
            return known
    with beside[".dbf"].open("rb") as file:
        table = file.read(_MAX_TEXT_BYTES)
    driver = table[29] if len(table) > 29 else 0
    return _CODE_PAGES.get(driver) or ("utf-8" if _reads_as_utf8(table[32:]) else "gb18030")


def _literal(stem: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", stem)


def _known(name: str) -> str | None:
    try:
        found = codecs.lookup(name).name
        "".encode(found)  # some codecs are not for text
    except (LookupError, ValueError):
        return None
    return "gb18030" if found in {"gbk", "gb2312", "cp936"} else found


def _reads_as_utf8(table: bytes) -> bool:
    """Return whether all text beyond ASCII is UTF-8; a field's end may cut its last character."""
    for run in re.finditer(rb"[\x80-\xff]+", table):
        try:
            run[0].decode("utf-8")
        except UnicodeDecodeError as error:
            if error.reason != "unexpected end of data":
                return False
    return True
