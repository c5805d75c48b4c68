"""Files and folders that are there whole or not at all: written beside their place, then renamed into it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dronepatrol.errors import StorageError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; on success it is synced and becomes ``path``, otherwise nothing changes.

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
        raise _cannot_write(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; on success it becomes ``path``, otherwise nothing changes.

    A folder that was there before is moved aside, and back where the new one cannot take its place. Nothing is synced:
    it is for what the same command makes again.

    Raises
    ------
    StorageError
        When something cannot be written; the message names the folder.
    """
    beside: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        new, old = beside / "new", beside / "old"
        new.mkdir()
        yield new
        if path.is_dir():
            path.rename(old)
        try:
            new.rename(path)
        except OSError:
            if old.exists():
                old.rename(path)
            raise
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)


def _cannot_write(path: Path, error: OSError) -> StorageError:
    msg = f"cannot write {path}: {error.strerror or error}"
    return StorageError(msg, hint="free space or choose another --out, then run the same command again")


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
