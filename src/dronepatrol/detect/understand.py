"""What a network's file and the sidecar beside it say together: form, classes and their kinds, pixels."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dronepatrol.detect.classes import COCO, class_names, kind_of, names_in
from dronepatrol.detect.forms.form import Form, Intake
from dronepatrol.detect.forms.recognise import FORMS, Recognised, Shapes, recognise
from dronepatrol.detect.onnx import OnnxNetwork
from dronepatrol.detect.onnx_file import not_understood
from dronepatrol.detect.sidecar import Sidecar, sidecar_of
from dronepatrol.errors import InputError

_OTHER_TASKS = {
    "segment": "a segmentation network",
    "obb": "a network for rotated boxes",
    "pose": "a network for poses",
    "classify": "a classification network",
}
"""Tasks that Ultralytics writes into its exports."""
_MASK_COLUMNS = 32
"""Columns of mask coefficients after the classes' in YOLO's segmentation networks."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A network as it is used.

    ``names`` and ``kinds`` are in the order of its classes; an empty kind is not looked for. ``names_from`` is
    "sidecar", "file", or "coco" where neither names the classes.
    """

    form: Form
    roles: Mapping[str, str]
    names: tuple[str, ...]
    names_from: str
    kinds: tuple[str, ...]
    intake: Intake


def understand(path: Path, network: OnnxNetwork, sidecar: Sidecar) -> Understood:
    """Return what a network is.

    Raises
    ------
    InputError
        When it is for another task, its outputs are of no known form or of several, its pixels or classes are not
        told, or none of its classes is looked for.
    """
    task = network.metadata.get("task", "detect")
    if task != "detect":
        what = _OTHER_TASKS.get(task, f"a network for the task {task[:40]!r}")
        raise not_understood(path, f"is {what}; expected a detection network")
    given = None if sidecar.names is None else tuple(sidecar.names)
    names, names_from = (given, "sidecar") if given is not None else (names_in(path, network.metadata), "file")
    one = _form_of(path, network, sidecar, None if names is None else len(names))
    _refuse_masks(path, names, one.classes, network.shapes)
    known = class_names(path, names, one.classes)
    names_from = "coco" if names is None else names_from
    return Understood(
        one.form,
        one.roles,
        known,
        names_from,
        _kinds(path, known, sidecar),
        _intake(path, one, sidecar),
    )


def _form_of(path: Path, network: OnnxNetwork, sidecar: Sidecar, classes: int | None) -> Recognised:
    known = recognise(network.shapes, network.input_wh, classes)
    if sidecar.form is not None:
        known = [one for one in known if one.form is FORMS[sidecar.form]]
    listed = ", ".join(f"{name} {shape}" for name, shape in network.shapes.items())
    if not known:
        raise not_understood(path, f"outputs of no known form: {listed}")
    if len(known) > 1:
        forms = " or ".join(sorted({one.form.name for one in known}))
        raise not_understood(path, f"outputs {listed} may be {forms}; write form = … in {sidecar_of(path).name}")
    return known[0]


def _refuse_masks(path: Path, names: tuple[str, ...] | None, columns: int | None, shapes: Shapes) -> None:
    """Refuse networks with mask coefficients after the classes' columns, where no task in the file says so."""
    has_masks = any(len(shape) == 4 and shape[1] == _MASK_COLUMNS for shape in shapes.values())
    if columns is None or not has_masks:
        return
    has_rest = columns > _MASK_COLUMNS and columns != len(COCO)
    if has_rest if names is None else columns == len(names) + _MASK_COLUMNS:
        raise not_understood(path, "is a segmentation network; expected a detection network")


def _kinds(path: Path, names: tuple[str, ...], sidecar: Sidecar) -> tuple[str, ...]:
    """Return the kind of each class.

    Raises
    ------
    InputError
        When the sidecar maps what is no class, or no class is looked for.
    """
    listed = ", ".join(names)[:400]
    if unknown := [name for name in sidecar.kinds if name not in names]:
        msg = f"{sidecar_of(path).name}: [kinds] has {unknown[0]!r}, which is no class of the network"
        raise InputError(msg, hint=f"its classes are {listed}")
    kinds = tuple(sidecar.kinds[name] if name in sidecar.kinds else kind_of(name) or "" for name in names)
    if not any(kinds):
        msg = f"{path.name}: none of its classes is looked for here: {listed}"
        raise InputError(msg, hint=f'write in {sidecar_of(path).name} what they are: [kinds] and "class" = "kind"')
    return kinds


def _intake(path: Path, one: Recognised, sidecar: Sidecar) -> Intake:
    """Return how a network takes pixels: as usual for its form, where the sidecar says nothing else.

    Raises
    ------
    InputError
        When networks of this form take pixels in different ways, and the sidecar does not say in which.
    """
    usual = one.form.intake
    missing = [name for name in ("rgb", "mean", "std") if getattr(sidecar, name) is None]
    if one.pixels and missing:
        msg = f"{path.name}: networks with such outputs take different pixels; {', '.join(missing)} not told"
        raise InputError(msg, hint=f"write rgb, mean and std in {sidecar_of(path).name}; {one.pixels}")
    return Intake(
        usual.is_rgb if sidecar.rgb is None else sidecar.rgb,
        sidecar.mean or usual.mean,
        sidecar.std or usual.std,
        sidecar.fit or usual.fit,
    )
