"""Elements of WPML: numbers without exponents, angles as DJI counts them."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement


def element(parent: Element, name: str) -> Element:
    """Add an empty element in DJI's namespace."""
    return SubElement(parent, f"wpml:{name}")


def texts(parent: Element, values: Mapping[str, object]) -> None:
    """Add elements with texts or numbers in DJI's namespace."""
    for name, value in values.items():
        SubElement(parent, f"wpml:{name}").text = value if isinstance(value, str) else text_of(float(str(value)))


def text_of(value: float) -> str:
    """Return a number with up to twelve decimals."""
    return f"{value:.12f}".rstrip("0").rstrip(".")


def signed(angle_deg: float) -> float:
    """Return an angle from -180 to 180 degrees."""
    return round((angle_deg + 180.0) % 360.0 - 180.0, 9)
