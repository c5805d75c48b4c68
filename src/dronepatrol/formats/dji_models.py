"""DJI aircraft as WPML numbers them.

Numbers of the M3 and M30 series: DJI's Cloud API documentation, "Product Supported", v1.11.3. Those of the Matrice 4
series are ``assumed``: the same table of later versions as several third parties copied it; no DJI-made file with them
was at hand. Files for them are written with this said.
"""

from dataclasses import dataclass

from dronepatrol.errors import InputError


@dataclass(frozen=True, slots=True)
class DjiModel:
    """An aircraft with its camera: ``lenses`` take part in every photo; ``docks`` asks for rerouting settings."""

    name: str
    drone: int
    drone_sub: int
    payload: int
    lenses: str
    docks: bool = False
    assumed: bool = False


MODELS = {
    "m30": DjiModel("Matrice 30", 67, 0, 52, "wide"),
    "m30t": DjiModel("Matrice 30T", 67, 1, 53, "wide,ir"),
    "m3e": DjiModel("Mavic 3E", 77, 0, 66, "wide"),
    "m3t": DjiModel("Mavic 3T", 77, 1, 67, "wide,ir"),
    "m3d": DjiModel("Matrice 3D", 91, 0, 80, "wide", docks=True),
    "m3td": DjiModel("Matrice 3TD", 91, 1, 81, "wide,ir", docks=True),
    "m4e": DjiModel("Matrice 4E", 99, 0, 88, "wide", assumed=True),
    "m4t": DjiModel("Matrice 4T", 99, 1, 89, "wide,ir", assumed=True),
    "m4d": DjiModel("Matrice 4D", 100, 0, 98, "wide", docks=True, assumed=True),
    "m4td": DjiModel("Matrice 4TD", 100, 1, 99, "wide,ir", docks=True, assumed=True),
}


def model(name: str) -> DjiModel:
    """Return an aircraft by its short name.

    Raises
    ------
    InputError
        When it is not known.
    """
    known = ", ".join(MODELS)
    if not name:
        msg = "a DJI file needs the aircraft that shall fly it"
        raise InputError(msg, hint=f"name one of {known}")
    if name.lower() not in MODELS:
        msg = f"{name[:40]!r} is no DJI aircraft whose WPML numbers are known"
        raise InputError(msg, hint=f"name one of {known}")
    return MODELS[name.lower()]


def name_of(drone: int, drone_sub: int) -> str:
    """Return an aircraft's short name by its numbers, empty where they are not known."""
    return next((key for key, one in MODELS.items() if (one.drone, one.drone_sub) == (drone, drone_sub)), "")
