"""Named numbers: the vehicle's settings, in single precision as the wire carries them."""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import pack, unpack

from dronepatrol.sim.vehicle.parameter_table import TABLE

_LARGEST = 3e38
_MAV_TYPE = {"b": 2, "h": 4, "i": 6, "f": 9}  # MAV_PARAM_TYPE


@dataclass(frozen=True, slots=True)
class _Row:
    mav_type: int
    start: float
    least: float
    greatest: float

    def take(self, value: float) -> float:
        """Return what the vehicle makes of a value: within the limits, whole where the kind is."""
        value = min(max(value, self.least), self.greatest)
        return _single(value if self.mav_type == _MAV_TYPE["f"] else float(round(value)))


def _single(value: float) -> float:
    return float(unpack("<f", pack("<f", value))[0])


def _read(table: str) -> dict[str, _Row]:
    rows = {}
    for line in table.strip().splitlines():
        name, kind, *numbers = line.split()
        start, least, greatest = (*map(float, numbers), *(-_LARGEST, _LARGEST)[len(numbers) - 1 :])
        rows[name] = _Row(_MAV_TYPE[kind], start, least, greatest)
    return rows


_ROWS = _read(TABLE)


class Parameters:
    """A table of named numbers; a name that the vehicle does not have is refused."""

    def __init__(self) -> None:
        self._values = {name: row.take(row.start) for name, row in _ROWS.items()}
        self._index = {name: index for index, name in enumerate(self._values)}

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def __setitem__(self, name: str, value: float) -> None:
        self._values[name] = _ROWS[name].take(value)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def mav_type(self, name: str) -> int:
        """Return a parameter's kind as MAV_PARAM_TYPE."""
        return _ROWS[name].mav_type

    def index(self, name: str) -> int:
        """Return the place of a name in the table."""
        return self._index[name]

    def name_at(self, index: int) -> str | None:
        """Return the name at a place, or None."""
        return next((name for name, place in self._index.items() if place == index), None)
