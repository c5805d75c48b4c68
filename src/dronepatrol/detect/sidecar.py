"""The small TOML file beside a network's weights that says what the weights do not."""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dronepatrol.detect.forms.form import Fit
from dronepatrol.detect.forms.recognise import FORMS
from dronepatrol.errors import InputError

MAX_BYTES = 1_000_000
Channel = Annotated[float, Field(ge=0, le=255)]
Spread = Annotated[float, Field(gt=0, le=255)]


class Sidecar(BaseModel):
    """What a sidecar may say; everything may be left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: list[str] | None = None
    """The network's classes in their order."""
    kinds: dict[str, str] = {}
    """Class to the kind of thing it is here; an empty kind is not looked for."""
    form: str | None = None
    """One of the forms in ``dronepatrol.detect.forms``, where shapes and names leave two answers."""
    input_px: Annotated[int, Field(ge=32, le=4096)] | None = None
    """Side of the input, where the network leaves it open."""
    rgb: bool | None = None
    mean: tuple[Channel, Channel, Channel] | None = None
    std: tuple[Spread, Spread, Spread] | None = None
    """Subtracted from the channels, then divided by, both for values from 0 to 255."""
    fit: Fit | None = None
    threshold: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Score from which a find counts."""
    car_px: Annotated[float, Field(ge=8, le=512)] | None = None
    """Length of a car in the input, in pixels, at which the network sees it best."""
    licence: str = ""
    """Under what terms the weights may be used."""
    source: str = ""
    """Where the weights come from."""


def sidecar_of(weights: Path) -> Path:
    """Return where the sidecar of weights lies."""
    return weights.with_suffix(".toml")


def read_sidecar(weights: Path) -> Sidecar:
    """Return what the sidecar of weights says, or an empty one where there is none.

    Raises
    ------
    InputError
        When there is one that cannot be used; the message names the key.
    """
    path = sidecar_of(weights)
    if not path.is_file():
        return Sidecar()
    try:
        if path.stat().st_size > MAX_BYTES:
            msg = f"{path.name}: larger than 1 MB; expected a few lines of TOML"
            raise InputError(msg, hint="write it anew: dronepatrol models check says what it may hold")
        sidecar = Sidecar.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"{path.name}: is no readable TOML: {error}"
        raise InputError(msg, hint='write for example: names = ["car", "truck"]') from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        msg = f"{path.name}: {where} is {str(first['input'])[:60]!r}: {first['msg']}"
        raise InputError(msg, hint=f"it may hold {', '.join(Sidecar.model_fields)}") from error
    if sidecar.form is not None and sidecar.form not in FORMS:
        msg = f"{path.name}: form is {sidecar.form!r}; expected one of {', '.join(FORMS)}"
        raise InputError(msg, hint="leave form out to have it recognised")
    for key, values in (("mean", sidecar.mean), ("std", sidecar.std)):
        if values is not None and any(0 < one < 1 for one in values):
            msg = f"{path.name}: {key} is {list(values)}, which is for values from 0 to 1; expected it for 0 to 255"
            raise InputError(msg, hint=f"write 255 times as much: {key} = {[round(255 * one, 3) for one in values]}")
    return sidecar
