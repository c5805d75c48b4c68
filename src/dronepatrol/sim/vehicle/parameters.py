"""The parameters of the embedded vehicle, by their ArduCopter 4.7 names and in ArduCopter's units.

FS_THR_* and FS_EKF_* are kept and told only: this vehicle has no radio to lose and no filter to fail. A fence is
stored and not enforced, so that the vehicle does not arm with FENCE_ENABLE set.
"""

from collections.abc import Iterator
from struct import pack, unpack

_DEFAULTS: dict[str, float] = {
    "ANGLE_MAX": 3000,  # centidegrees
    "ARMING_CHECK": 1,
    "ATC_ACCEL_Y_MAX": 27000,  # centidegrees/s²
    "ATC_SLEW_YAW": 6000,  # centidegrees/s
    "AUTO_OPTIONS": 0,  # bit 0: may arm in AUTO, bit 1: takes off without MISSION_START
    "BATT_ARM_MAH": 0,
    "BATT_CAPACITY": 0,  # mAh; set from the battery at start, as are the next two
    "BATT_CRT_MAH": 0,
    "BATT_LOW_MAH": 0,
    "BATT_FS_CRT_ACT": 1,  # land
    "BATT_FS_LOW_ACT": 2,  # return to launch
    "BATT_MONITOR": 4,
    "CAM1_TYPE": 1,
    "DISARM_DELAY": 10,  # s
    "FENCE_ACTION": 1,
    "FENCE_ALT_MAX": 120,  # m
    "FENCE_ENABLE": 0,
    "FENCE_RADIUS": 1500,  # m
    "FENCE_TYPE": 4,
    "FS_EKF_ACTION": 1,
    "FS_EKF_THRESH": 0.8,
    "FS_GCS_ENABLE": 1,
    "FS_GCS_TIMEOUT": 5,  # s
    "FS_OPTIONS": 16,
    "FS_THR_ENABLE": 1,
    "FS_THR_VALUE": 975,
    "LAND_ALT_LOW": 1000,  # cm
    "LAND_SPEED": 50,  # cm/s
    "LAND_SPEED_HIGH": 0,
    "MAV_GCS_SYSID": 255,
    "MAV_SYSID": 1,
    "MIS_RESTART": 0,
    "MIS_TOTAL": 0,
    "MNT1_PITCH_MAX": 20,  # degrees
    "MNT1_PITCH_MIN": -90,
    "MNT1_TYPE": 1,
    "PSC_POSXY_P": 1.0,
    "PSC_VELXY_I": 1.0,
    "PSC_VELXY_P": 2.0,
    "RALLY_INCL_HOME": 1,
    "RALLY_LIMIT_KM": 0.3,
    "RALLY_TOTAL": 0,
    "RTL_ALT": 1500,  # cm
    "RTL_ALT_FINAL": 0,
    "RTL_CONE_SLOPE": 3.0,
    "RTL_LOIT_TIME": 5000,  # ms
    "RTL_SPEED": 0,
    "WPNAV_ACCEL": 250,  # cm/s²
    "WPNAV_ACCEL_C": 0,
    "WPNAV_ACCEL_Z": 100,
    "WPNAV_JERK": 1.0,  # m/s³
    "WPNAV_RADIUS": 200,  # cm
    "WPNAV_SPEED": 1000,  # cm/s
    "WPNAV_SPEED_DN": 150,
    "WPNAV_SPEED_UP": 250,
    "WP_YAW_BEHAVIOR": 2,
}

_LARGEST = 3e38
_RANGES: dict[str, tuple[float, float]] = {  # outside these the vehicle could not fly: taken to the nearest end
    "ANGLE_MAX": (1000, 8000),
    "ATC_ACCEL_Y_MAX": (900, 72000),
    "ATC_SLEW_YAW": (500, 18000),
    "LAND_SPEED": (30, 200),
    "LAND_SPEED_HIGH": (0, 500),
    "PSC_POSXY_P": (0.5, 2.0),
    "PSC_VELXY_I": (0.02, 1.0),
    "PSC_VELXY_P": (0.1, 6.0),
    "RTL_ALT": (30, 300000),
    "RTL_SPEED": (0, 2000),
    "WPNAV_ACCEL": (50, 500),
    "WPNAV_ACCEL_C": (0, 500),
    "WPNAV_ACCEL_Z": (50, 500),
    "WPNAV_JERK": (0.5, 20),
    "WPNAV_RADIUS": (5, 1000),
    "WPNAV_SPEED": (20, 2000),
    "WPNAV_SPEED_DN": (10, 500),
    "WPNAV_SPEED_UP": (10, 1000),
}


def _single(value: float) -> float:
    """Return the value as the wire carries it, in single precision."""
    return float(unpack("<f", pack("<f", value))[0])


class Parameters:
    """A table of named numbers; a name that the vehicle does not have is refused."""

    def __init__(self) -> None:
        self._values = {name: _single(value) for name, value in sorted(_DEFAULTS.items())}
        self._index = {name: index for index, name in enumerate(self._values)}

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def __setitem__(self, name: str, value: float) -> None:
        if name not in self._values:
            raise KeyError(name)
        low, high = _RANGES.get(name, (-_LARGEST, _LARGEST))
        self._values[name] = _single(min(max(value, low), high))

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def index(self, name: str) -> int:
        """Return the place of a name in the table."""
        return self._index[name]

    def name_at(self, index: int) -> str | None:
        """Return the name at a place, or None."""
        return next((name for name, place in self._index.items() if place == index), None)
