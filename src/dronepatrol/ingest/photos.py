"""A folder of photos to shots, one by one: a photo that cannot be used is named and left out, the others go on."""

import hashlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from dronepatrol.errors import InputError
from dronepatrol.ingest.cameras import camera_of
from dronepatrol.ingest.metadata import PhotoMetadata, read_metadata, utc_of
from dronepatrol.ingest.poses import ASSUMED_ZONE, Position, attitude_of, position_of
from dronepatrol.ingest.quality import edited_by, flags
from dronepatrol.ingest.shots import ShotRow, shots_table
from dronepatrol.model.batch import Skipped
from dronepatrol.model.camera import Camera

__all__ = ["ShotRow", "find_photos", "shots_from_photos", "shots_table"]

SUFFIXES = frozenset({".jpg", ".jpeg", ".tif", ".tiff"})
_CHUNK_BYTES = 1 << 20
_BATCH = 256
_END_OF_IMAGE = b"\xff\xd9"


SAME_PICTURE = "same picture as"
"""The flag of a file that is a copy, to the last byte, of one that came before it."""


def find_photos(folder: Path) -> tuple[list[Path], list[Skipped]]:
    """Return the photos below a folder in the order of their paths, and what could not be looked at.

    Links to folders are followed, each folder is visited once. Names that begin with a dot are not looked at: they are
    other programs' notes and thumbnails.

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
        for path in (Path(here, name) for name in files if _is_photo(name)):
            if path.is_file() or not path.exists():  # a dead link is named when it is read
                photos.append(path)
            else:  # a pipe would never end
                skipped.append(Skipped(printable(str(path)), "is no regular file", "remove it"))
    if not photos:
        names = ", ".join(sorted(SUFFIXES))
        msg = f"{folder} has no photos; looked for {names} in it and all folders below"
        raise InputError(msg, hint=skipped[0].reason if skipped else "name the folder that the card was copied to")
    return sorted(photos), skipped


def _is_photo(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES and not name.startswith(".")


def _note(skipped: list[Skipped], error: OSError) -> None:
    skipped.append(
        Skipped(printable(str(error.filename)), f"cannot be read: {error.strerror}", "check its permissions")
    )


def printable(name: str) -> str:
    """Return a name with every byte that is no UTF-8 written as an escape."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def shots_from_photos(paths: Sequence[Path], *, root: Path | None, jobs: int = 1) -> Iterator[ShotRow | Skipped]:
    """Yield a shot, or why there is none, for each photo, in the order given; copies of a picture are marked.

    Parameters
    ----------
    paths
        Photos. A shot's id is the photo's path below the folder that they share.
    root
        The patrol folder: paths of photos inside it are kept relative to it, others absolute.
    jobs
        Number of files read at the same time.
    """
    if not paths:
        return
    names = [os.path.abspath(path.parent) for path in paths]  # noqa: PTH100 resolve() would follow links
    read = partial(_shot, shared=Path(os.path.commonpath(names)), root=root)
    first_with: dict[str, str] = {}
    for row in _read_all(paths, read, jobs):
        if isinstance(row, ShotRow) and (first := first_with.setdefault(row.sha256, row.shot_id)) != row.shot_id:
            yield replace(row, quality=(*row.quality, f"{SAME_PICTURE} {first}"))
        else:
            yield row


def _read_all(
    paths: Sequence[Path], read: Callable[[Path], ShotRow | Skipped], jobs: int
) -> Iterator[ShotRow | Skipped]:
    if jobs <= 1:
        yield from map(read, paths)
        return
    with ThreadPoolExecutor(jobs) as pool:  # reading and hashing release the interpreter's lock
        for start in range(0, len(paths), _BATCH):
            yield from pool.map(read, paths[start : start + _BATCH])


def _shot(path: Path, *, shared: Path, root: Path | None) -> ShotRow | Skipped:
    absolute = Path(os.path.abspath(path))  # noqa: PTH100
    name = printable(absolute.relative_to(shared).as_posix())
    try:
        name.encode("utf-8")
        str(absolute).encode("utf-8")
    except UnicodeEncodeError:
        return Skipped(name, "its name is no valid UTF-8", "rename the file or its folder (convmv does whole folders)")
    try:
        meta = read_metadata(path)
        content = _content(path, meta.picture_at)
    except InputError as error:
        return Skipped(name, error.message.removeprefix(f"{path.name}: "), error.hint)
    except OSError as error:
        return Skipped(name, f"cannot be read: {error.strerror or error}", "copy it again from the card")
    if not _is_whole(meta, content):
        return Skipped(name, "the file ends in the middle of the picture", "copy it again from the card")
    position = position_of(meta)
    if position is None:
        return Skipped(name, _why_no_position(meta), "give the flight's log as well, or switch on the camera's geotags")
    return _row(name, _stored(absolute, root), meta, position, content.sha256)


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
    return content.has_end if meta.form == "JPEG" else content.size >= meta.size_needed


def _why_no_position(meta: PhotoMetadata) -> str:
    if meta.lon_deg == 0 and meta.lat_deg == 0:
        return "zero position: the camera wrote (0, 0), it had no fix"
    if meta.lon_deg is not None or meta.lat_deg is not None:
        return f"impossible GPS position: longitude {meta.lon_deg}, latitude {meta.lat_deg}"
    return "no GPS position in the file"


def _stored(absolute: Path, root: Path | None) -> str:
    if root is not None:
        base = Path(os.path.abspath(root))  # noqa: PTH100
        if absolute.is_relative_to(base):
            return absolute.relative_to(base).as_posix()
    return absolute.as_posix()


def _row(name: str, photo: str, meta: PhotoMetadata, position: Position, sha256: str) -> ShotRow:
    attitude = attitude_of(meta, turned=bool(edited_by(meta)))
    known = camera_of(meta)
    time_utc, zone_assumed = utc_of(meta, ASSUMED_ZONE)
    return ShotRow(
        shot_id=name,
        photo=photo,
        sha256=sha256,
        body=" ".join(part for part in (meta.make, meta.model, meta.serial) if part),
        time_utc=time_utc,
        position=position,
        attitude=attitude,
        attitude_of="camera" if attitude.is_known else "",
        camera=known.camera if known else _unknown_camera(meta),
        camera_model=" ".join(part for part in (meta.make, meta.model) if part),
        focal_source=known.source if known else "",
        focal_sigma_share=known.focal_sigma_share if known else math.nan,
        quality=tuple(flags(meta, position, attitude, known, zone_assumed=zone_assumed)),
    )


def _unknown_camera(meta: PhotoMetadata) -> Camera:
    return Camera(meta.image_wh, math.nan, math.nan, math.nan, math.nan)
