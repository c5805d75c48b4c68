"""What a network's file is, told before it is used: form, input, classes and what they are called here."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dronepatrol.detect.detector import MATERIALS, SCENE
from dronepatrol.detect.forms.form import Intake
from dronepatrol.detect.models import SUFFIX, added_folder, models, shipped_folder
from dronepatrol.detect.sidecar import read_sidecar, sidecar_of
from dronepatrol.detect.tiled import TiledDetector
from dronepatrol.errors import DronePatrolError, InputError, StorageError
from dronepatrol.files import write_bytes

WITHOUT_WEIGHTS = {
    MATERIALS: "rules of thumb on colour, texture and size",
    SCENE: "knows the colours of the simulated scene, of no use for real photos",
}
"""Detectors with a name that are no networks: there is no file of them to check, and nothing to add."""
ONE_TILE_M = 0.005
"""A ground sample distance at which an image of the input's size is one tile for every network."""


@dataclass(frozen=True, slots=True)
class Description:
    """One network; ``kinds`` maps the network's classes to kinds here, an empty kind is not looked for.

    ``names_from`` says who names the classes (``detect.understand``), ``batch`` how many tiles one run takes.
    """

    name: str
    path: str
    origin: str
    form: str
    input_wh: tuple[int, int]
    intake: Intake
    batch: int
    names_from: str
    kinds: dict[str, str]
    threshold: float
    size_mb: float
    weights_sha256: str
    licence: str
    source: str
    tile_ms: float

    def as_json(self) -> dict[str, Any]:
        """Return the description as JSON has it."""
        return asdict(self)


def describe(path: Path) -> Description:
    """Return what a network is, after running it on noise.

    Raises
    ------
    InputError
        When the file is no detection network that is understood; the message says what is wrong with it.
    DronePatrolError
        When it fails on an image, or puts out values that are no numbers.
    """
    detector = TiledDetector(path, threads=1)
    width, height = detector.input_wh
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    detector(image, ONE_TILE_M)
    start = time.perf_counter()
    detector(image, ONE_TILE_M)
    tile_ms = (time.perf_counter() - start) * 1000
    sidecar = read_sidecar(path)
    kinds = detector.kind_of_class
    origin = "shipped" if path.parent == shipped_folder() else "added" if path.parent == added_folder() else "file"
    return Description(
        detector.name,
        str(path),
        origin,
        detector.understood.form.name,
        detector.input_wh,
        detector.understood.intake,
        detector.batch,
        detector.understood.names_from,
        kinds,
        detector.threshold,
        round(path.stat().st_size / 1e6, 2),
        detector.weights_sha256,
        sidecar.licence,
        sidecar.source,
        round(tile_ms, 1),
    )


def add(path: Path, name: str) -> Path:
    """Copy a network and its sidecar to where models are found by name; return the copy.

    Raises
    ------
    InputError
        When the name cannot be one, is taken by another network, or the file is no network that is understood.
    StorageError
        When the copy cannot be written.
    """
    if not name or not all(sign.isalnum() or sign in "-_." for sign in name) or name.startswith("."):
        msg = f"model name {name!r}: expected letters, digits, '-', '_' and '.'"
        raise InputError(msg, hint="give another with --name")
    if name in WITHOUT_WEIGHTS or name in models():
        msg = f"there is a model {name} already"
        raise InputError(msg, hint="give another name with --name")
    describe(path)
    target = added_folder() / f"{name}{SUFFIX}"
    _copy(sidecar_of(path), sidecar_of(target))
    try:
        write_bytes(target, path.read_bytes())
    except DronePatrolError:
        sidecar_of(target).unlink(missing_ok=True)
        raise
    return target


def _copy(sidecar: Path, target: Path) -> None:
    """Copy a sidecar, or remove the one that an earlier network of that name left behind."""
    if sidecar.is_file():
        write_bytes(target, sidecar.read_bytes())
        return
    try:
        target.unlink(missing_ok=True)
    except OSError as error:
        msg = f"{target}: belongs to an earlier model of that name and cannot be removed: {error.strerror or error}"
        raise StorageError(msg, hint="remove it, or give another name with --name") from error
