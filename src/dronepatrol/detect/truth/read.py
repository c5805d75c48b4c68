"""Labels in whichever of the known formats they are."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dronepatrol.detect.truth.folder import read_folder
from dronepatrol.detect.truth.json_file import read_json
from dronepatrol.detect.truth.labelled import Labelled, labelled, named_as
from dronepatrol.errors import InputError


def read_truth(
    truth: Path, images: Path, names: Sequence[str] = (), kind_of_class: Mapping[str, str] | None = None
) -> list[Labelled]:
    """Return what is there in each image.

    Parameters
    ----------
    truth
        A COCO or AU-AIR file, or a folder of YOLO, VisDrone or VOC files.
    images
        The folder of the images.
    names
        What YOLO's class numbers mean; empty to read it from the data set.
    kind_of_class
        What a detector calls its own classes (``model.detection.Detector``); labels of those names are called alike.

    Raises
    ------
    InputError
        When there is nothing of that kind, or a part of it is not as its format says.
    """
    if not images.is_dir():
        msg = f"{images}: is no folder of images"
        raise InputError(msg, hint="give the folder of images with --images")
    if truth.is_dir():
        found = read_folder(truth, images, names)
    elif truth.is_file():
        found = read_json(truth, images)
    else:
        msg = f"{truth}: no such file or folder of labels"
        raise InputError(msg, hint="give a COCO or AU-AIR file, or a folder of YOLO, VisDrone or VOC labels")
    if not found:
        msg = f"{truth}: names no image"
        raise InputError(msg, hint="give labels of at least one image")
    kind_of = named_as(kind_of_class or {})
    return [labelled(*one, kind_of) for one in found]
