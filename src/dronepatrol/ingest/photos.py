"""A folder of photos to shots, one by one: a photo that cannot be used is named and left out, the others go on."""

import hashlib
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from dronepatrol.errors import InputError
from dronepatrol.ingest import exiftool
from dronepatrol.ingest.cameras import camera_of
from dronepatrol.ingest.headers import NOT_OURS, thumbnail_of
from dronepatrol.ingest.metadata import PhotoMetadata, read_metadata, utc_of
from dronepatrol.ingest.pictures import LEAST_SIDE_PX, Look, look_at
from dronepatrol.ingest.poses import ASSUMED_ZONE, attitude_of, nowhere, position_of
from dronepatrol.ingest.quality import edited_by, flags, flags_of_look
from dronepatrol.ingest.shots import ShotRow, shots_table
from dronepatrol.ingest.turns import before_turning, turned_attitude, turned_camera
from dronepatrol.model.batch import Skipped
from dronepatrol.model.camera import Camera
from dronepatrol.model.quality import SAME_PICTURE

__all__ = ["ShotRow", "find_photos", "shots_from_photos", "shots_table"]

SUFFIXES = frozenset({".jpg", ".jpeg", ".tif", ".tiff", ".dng"})
FALLBACK_SUFFIXES = frozenset({".heic", ".heif", ".webp"})
"""What only exiftool reads."""
_NAMES = SUFFIXES | FALLBACK_SUFFIXES
_RAW = ".dng"
_CHUNK_BYTES = 1 << 20
_END_OF_IMAGE = b"\xff\xd9"


def find_photos(folder: Path) -> tuple[list[Path], list[Skipped]]:
    """Return the photos below a folder in the order of their paths, and what could not be looked at.

    Links to folders are followed, each folder is visited once. Names that begin with a dot are not looked at: they are
    other programs' notes and thumbnails. A raw picture beside a JPEG of the same name is that picture again.

    Raises
    ------
    InputError
        When the folder is missing, is no folder, or holds no photo.
    """
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        msg = f"{folder} {what}; expected a folder of photos"
        raise InputError(msg, hint="check the path")
    skipped: list[Skipped] = []
    photos: list[Path] = []
    seen: set[tuple[int, int]] = set()
    for here, folders, files in os.walk(folder, followlinks=True, onerror=partial(_note, skipped)):
        status = os.stat(here)  # noqa: PTH116 os.walk speaks strings
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        names = [name for name in files if _is_photo(name)]
        raw = {name for name in names if name.lower().endswith(_RAW)}
        pictures = {Path(name).stem for name in names if name not in raw} if raw else set()
        for path in (Path(here, name) for name in names if name not in raw or Path(name).stem not in pictures):
            if path.is_file() or not path.exists():  # a dead link is named when it is read
                photos.append(path)
            else:  # a pipe would never end
                skipped.append(Skipped(printable(str(path)), "is no regular file", "remove it"))
    if not photos:
        kinds = ", ".join(sorted(SUFFIXES | FALLBACK_SUFFIXES))
        msg = f"{folder} has no photos; looked for {kinds} in it and all folders below"
        raise InputError(msg, hint=skipped[0].reason if skipped else "name the folder that the card was copied to")
    return sorted(photos), skipped


def _is_photo(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in _NAMES and not name.startswith(".")  # noqa: PTH122 100,000 names


def _note(skipped: list[Skipped], error: OSError) -> None:
    skipped.append(
        Skipped(printable(str(error.filename)), f"cannot be read: {error.strerror}", "check its permissions")
    )


def printable(name: str) -> str:
    """Return a name with every byte that is no UTF-8 written as an escape."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def shots_from_photos(paths: Sequence[Path], *, root: Path | None, look: bool = True) -> Iterator[ShotRow | Skipped]:
    """Yield, in the order of the paths, each photo's shot, or why there is none.

    Parameters
    ----------
    paths
        Photos.
    root
        The patrol folder: paths of photos inside it are kept relative to it, others absolute.
    look
        Whether the pictures are decoded and looked at.
    """
    if not paths:
        return
    first_with: dict[str, str] = {}
    for row in read_photos(paths, Naming.of(paths, root), look=look):
        if isinstance(row, ShotRow) and row.unplaced:
            yield no_position(row.shot_id, row.unplaced)
        elif isinstance(row, ShotRow) and (first := first_with.setdefault(row.sha256, row.shot_id)) != row.shot_id:
            yield replace(row, quality=(*row.quality, f"{SAME_PICTURE} {first}"))
        else:
            yield row


@dataclass(frozen=True, slots=True)
class Naming:
    """How photos are named: shots by their path below ``shared``, files relative to ``root`` where they are in it."""

    shared: Path
    root: Path | None

    @classmethod
    def of(cls, paths: Sequence[Path], root: Path | None) -> "Naming":
        """Return the naming of a set of photos."""
        names = [os.path.abspath(path.parent) for path in paths]  # noqa: PTH100 resolve() would follow links
        return cls(Path(os.path.commonpath(names)), root)

    def shot_id(self, path: Path) -> str:
        """Return the name of a photo's shot."""
        return printable(os.path.abspath(path).removeprefix(f"{self.shared}/".replace("//", "/")))  # noqa: PTH100

    def stored(self, path: Path) -> str:
        """Return the path that is kept of a photo."""
        absolute = os.path.abspath(path)  # noqa: PTH100
        base = f"{os.path.abspath(self.root)}/" if self.root is not None else ""  # noqa: PTH100
        return absolute.removeprefix(base) if base else absolute


def no_position(shot_id: str, why: str) -> Skipped:
    """Return why a readable photo gives no shot."""
    return Skipped(shot_id, why, "give the flight's log as well, or switch on the camera's geotags")


def read_photos(paths: Sequence[Path], naming: Naming, *, look: bool = True) -> Iterator[ShotRow | Skipped]:
    """Yield what each photo gives; one without a position gives a row with its reason in ``unplaced``.

    What our own reader cannot read is asked of exiftool, once for all the paths.
    """
    rows = [_read(path, naming, look=look) for path in paths]
    odd = [n for n, row in enumerate(rows) if _is_odd(paths[n], row)]
    found = exiftool.read_all([paths[n] for n in odd]) if odd else {}
    for n in odd:
        meta = found.get(paths[n])
        if meta is not None:
            rows[n] = _row_of(paths[n], naming, meta, look=look)
        elif isinstance(row := rows[n], Skipped) and not exiftool.is_there():
            rows[n] = replace(row, hint=f"{row.hint}; or install {exiftool.PACKAGE}, which reads more formats")
    yield from rows


def _is_odd(path: Path, row: ShotRow | Skipped) -> bool:
    """Whether another reader may find more: the format is not ours, or EXIF is there and says next to nothing."""
    if isinstance(row, Skipped):
        return path.suffix.lower() in FALLBACK_SUFFIXES and NOT_OURS in row.reason
    return bool(row.unplaced) and row.reads_odd


def _read(path: Path, naming: Naming, *, look: bool) -> ShotRow | Skipped:
    name = naming.shot_id(path)
    try:
        name.encode("utf-8")
        os.path.abspath(path).encode("utf-8")  # noqa: PTH100
    except UnicodeEncodeError:
        return Skipped(name, "its name is no valid UTF-8", "rename the file or its folder (convmv does whole folders)")
    try:
        meta = read_metadata(path)
    except InputError as error:
        return Skipped(name, error.message.removeprefix(f"{path.name}: "), error.hint)
    return _row_of(path, naming, meta, look=look)


def _row_of(path: Path, naming: Naming, meta: PhotoMetadata, *, look: bool) -> ShotRow | Skipped:
    name = naming.shot_id(path)
    try:
        content = _content(path, meta.picture_at)
    except OSError as error:
        return Skipped(name, f"cannot be read: {error.strerror or error}", "copy it again from the card")
    if not _is_whole(meta, content):
        return Skipped(name, "the file ends in the middle of the picture", "copy it again from the card")
    seen = look_at(path, thumbnail_of(path)) if look and min(meta.image_wh) >= LEAST_SIDE_PX else None
    return _row(name, naming.stored(path), meta, content.sha256, seen)


@dataclass(frozen=True, slots=True)
class _Content:
    sha256: str
    size: int
    has_end: bool


def _content(path: Path, picture_at: int) -> _Content:
    """Read the whole file once: its hash, and whether a JPEG's end marker follows its picture's beginning."""
    with path.open("rb") as file:
        return _scan(file, picture_at)


def _scan(file: BinaryIO, picture_at: int) -> _Content:
    digest = hashlib.sha256()
    size, has_end, last = 0, False, b""
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
        if not has_end:  # inside the coded picture every 0xFF is followed by a zero or a restart marker
            before = last + chunk
            start = max(picture_at - (size - len(last)), 0)
            has_end = before.find(_END_OF_IMAGE, start) >= 0
        size += len(chunk)
        last = chunk[-1:]
    return _Content(digest.hexdigest(), size, has_end)


def _is_whole(meta: PhotoMetadata, content: _Content) -> bool:
    return content.has_end if meta.picture_at else content.size >= meta.size_needed


def _why_no_position(meta: PhotoMetadata) -> str:
    if meta.lon_deg == 0 and meta.lat_deg == 0:
        return "zero position: the camera wrote (0, 0), it had no fix"
    if meta.lon_deg is not None or meta.lat_deg is not None:
        return f"impossible GPS position: longitude {meta.lon_deg}, latitude {meta.lat_deg}"
    return "no GPS position in the file"


def _row(name: str, photo: str, meta: PhotoMetadata, sha256: str, look: Look | None) -> ShotRow:
    position = position_of(meta)
    placed = position or nowhere(meta)
    turns = look.turned if look is not None and meta.orientation in {None, 1} else 0
    upright = before_turning(meta, turns)
    attitude = turned_attitude(attitude_of(meta, turned=bool(edited_by(meta))), turns)
    known = camera_of(upright)
    time_utc, zone_assumed = utc_of(meta, ASSUMED_ZONE)
    return ShotRow(
        shot_id=name,
        photo=photo,
        sha256=sha256,
        body=" ".join(part for part in (meta.make, meta.model, meta.serial) if part),
        time_utc=time_utc,
        position=placed,
        attitude=attitude,
        attitude_of="camera" if attitude.is_known else "",
        camera=turned_camera(known.camera, turns) if known else _unknown_camera(meta),
        camera_model=" ".join(part for part in (meta.make, meta.model) if part),
        focal_source=known.source if known else "",
        focal_sigma_share=known.focal_sigma_share if known else math.nan,
        quality=(
            *flags(upright, placed, attitude, known, turns=turns, zone_assumed=zone_assumed),
            *flags_of_look(look),
        ),
        unplaced="" if position is not None else _why_no_position(meta),
        reads_odd=meta.has_exif and not meta.make and not meta.model,
        fingerprint=look.fingerprint if look is not None else None,
    )


def _unknown_camera(meta: PhotoMetadata) -> Camera:
    return Camera(meta.image_wh, math.nan, math.nan, math.nan, math.nan)
