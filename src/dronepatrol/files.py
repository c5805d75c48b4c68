"""Files that are there whole or not at all: written beside their place, synced, then renamed into it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dronepatrol.errors import StorageError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; on success it becomes ``path``, otherwise nothing changes.

    Raises
    ------
    StorageError
        When the folder or the file cannot be written; the message names the file.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        temporary = None
    except OSError as error:
        msg = f"cannot write {path}: {error.strerror or error}"
        raise StorageError(msg, hint="free space or choose another --out, then run the same command again") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a binary file, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def clear(folder: Path) -> None:
    """Remove a folder of ours with what an earlier run left in it; none is fine."""
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        msg = f"cannot remove what an earlier run left in {folder}: {error.strerror or error}"
        raise StorageError(msg, hint="remove it, or choose another --out") from error
