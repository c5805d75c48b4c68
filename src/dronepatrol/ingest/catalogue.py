"""Photos in chunks, so that a catalogue of any size is read piece by piece, in any order, by any process."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas

from dronepatrol.ingest.photos import Naming, read_photos
from dronepatrol.ingest.shots import ShotRow, parts_table
from dronepatrol.model.batch import Skipped

CHUNK_PHOTOS = 2000
CHUNK_BYTES = 500_000_000
"""A chunk holds no more than so many photos or bytes: that much work, at most, is lost when a process dies."""
_READER = 1
"""Counted up when what is read of a photo changes: older parts are not taken then."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some photos; ``key`` changes when any of them does."""

    key: str
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What a chunk gave: rows of ``shots.PARTS``, and what was skipped."""

    rows: geopandas.GeoDataFrame
    skipped: list[Skipped]


def chunks_of(paths: Sequence[Path], naming: Naming) -> Iterator[Chunk]:
    """Yield the photos in chunks, in their order; a new folder begins a new chunk.

    So that photos which are added behind others leave the chunks before them as they are.
    """
    begin, size = 0, 0
    facts: list[tuple[int, int]] = []
    for n, path in enumerate(paths):
        fact = _fact(path)
        is_full = n - begin >= CHUNK_PHOTOS or size + fact[0] > CHUNK_BYTES
        if n > begin and (is_full or (path.parent != paths[n - 1].parent and n - begin >= CHUNK_PHOTOS // 10)):
            yield _chunk(paths[begin:n], facts, naming)
            begin, size, facts = n, 0, []
        facts.append(fact)
        size += fact[0]
    if begin < len(paths):
        yield _chunk(paths[begin:], facts, naming)


def _fact(path: Path) -> tuple[int, int]:
    """Return what tells a changed file: its size and time; zeros where it cannot be asked."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _chunk(paths: Sequence[Path], facts: Sequence[tuple[int, int]], naming: Naming) -> Chunk:
    digest = hashlib.sha256(f"{_READER} {naming.shared} {naming.root}".encode("utf-8", "surrogateescape"))
    for path, fact in zip(paths, facts, strict=True):
        digest.update(f"\n{path} {fact}".encode("utf-8", "surrogateescape"))
    return Chunk(digest.hexdigest()[:24], tuple(paths))


def read_chunk(chunk: Chunk, naming: Naming) -> Part:
    """Return what the photos of a chunk give."""
    rows: list[ShotRow] = []
    skipped: list[Skipped] = []
    for row in read_photos(chunk.paths, naming):
        if isinstance(row, Skipped):
            skipped.append(row)
        else:
            rows.append(row)
    return Part(parts_table(rows), skipped)
