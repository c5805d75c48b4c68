"""Whether what a vehicle stores is what it was given.

Tolerances, by where they come from:

====================  ==========================  ===========================================================
field                 tolerance                   source
====================  ==========================  ===========================================================
latitude, longitude   2e-7 degrees (2 cm)         MISSION_ITEM_INT counts 1e-7 degrees, cut or rounded
… of MISSION_ITEM     8e-6 degrees (0.9 m)        single precision at 128 to 180 degrees: what a link without
                                                  integers reads
height                0.02 m                      ArduPilot keeps centimetres, cut
… of a rally point    1 m                         ArduPilot keeps whole metres (RallyLocation, int16)
parameters            0.01 + 1e-5 of the value    single precision, half precision in ArduPilot for none of ours
waypoint's hold       less than 1 s               ArduPilot keeps whole seconds, cut (AP_Mission, p1)
====================  ==========================  ===========================================================

ArduPilot drops what a command does not use; ``_KEPT`` lists what it keeps of our commands (AP_Mission.cpp), and of
other commands all four parameters are compared. PX4 keeps everything. A field that was not given (NaN) is not compared.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dronepatrol.fly.link import Firmware, PlanKind
from dronepatrol.fly.mavlink.wire import has_place
from dronepatrol.model.mission import Command, Frame, MissionItem

INT_POSITION_DEG = 2e-7
FLOAT_POSITION_DEG = 8e-6
_HEIGHT_M, _RALLY_HEIGHT_M = 0.02, 1.0
_WHOLE_SECONDS = 0.999
_SAME_FRAME = {5: 0, 6: 3, 11: 10}  # the _INT frames were renamed, not changed
_KEPT: dict[int, frozenset[int]] = {
    Command.NAV_WAYPOINT: frozenset({1}),
    Command.NAV_RETURN_TO_LAUNCH: frozenset(),
    Command.NAV_LAND: frozenset(),
    Command.NAV_TAKEOFF: frozenset({1}),
    Command.DO_CHANGE_SPEED: frozenset({1, 2, 3}),
    Command.DO_DIGICAM_CONTROL: frozenset({1, 2, 3, 4, 5, 6}),
    Command.DO_MOUNT_CONTROL: frozenset({1, 2, 3}),
    Command.DO_SET_CAM_TRIGG_DIST: frozenset({1, 3}),
    Command.NAV_RALLY_POINT: frozenset(),
}
_ALL = frozenset(range(1, 8))


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How exactly a vehicle keeps items, and how exactly they were read.

    ``home_items`` at the start of a mission are the vehicle's own.
    """

    firmware: Firmware
    home_items: int = 0
    position_deg: float = INT_POSITION_DEG


def differences(
    kind: PlanKind, asked: Sequence[MissionItem], stored: Sequence[MissionItem], fidelity: Fidelity
) -> list[str]:
    """Return how what a vehicle stores differs from what it was given, in words; empty when it is the same flight."""
    home_items = fidelity.home_items if kind is PlanKind.MISSION else 0
    if not asked and len(stored) <= home_items:
        return []
    if len(asked) != len(stored):
        return [f"{len(stored)} items are stored; expected {len(asked)}"]
    found = []
    for index in range(home_items, len(asked)):
        for name, given, got, tolerance in _compared(asked[index], stored[index], fidelity):
            if not math.isnan(given) and not abs(given - got) <= tolerance:
                found.append(f"item {index}: {name} is {got:.10g}; expected {given:.10g}")
    return found


def unfit(kind: PlanKind, items: Sequence[MissionItem], fidelity: Fidelity) -> str:
    """Return why items must not be stored on such a vehicle, or empty: no home first, or a place that is none."""
    first = items[0] if items and kind is PlanKind.MISSION else None
    home = first is None or (first.command, first.frame) == (Command.NAV_WAYPOINT, Frame.GLOBAL)
    if fidelity.home_items and first is not None and not home:
        return f"item 0 is command {first.command}; ArduPilot expects home there"
    for index, item in enumerate(items):
        if not has_place(item):
            continue
        place = (item.lat_deg, item.lon_deg, item.altitude_m)
        if not (abs(item.lat_deg) <= 90.0 and abs(item.lon_deg) <= 180.0 and math.isfinite(item.altitude_m)):
            return "{} item {}: latitude {:g}, longitude {:g}, height {:g} m is no place".format(
                kind.value, index, *place
            )
    return ""


def _compared(a: MissionItem, b: MissionItem, fidelity: Fidelity) -> Iterator[tuple[str, float, float, float]]:
    """Yield (name, given, stored, tolerance) of all that must agree."""
    rounds = fidelity.firmware is Firmware.ARDUPILOT
    kept = _KEPT.get(a.command, frozenset({1, 2, 3, 4})) if rounds else _ALL
    yield "command", float(a.command), float(b.command), 0.0
    for number, (p, q) in enumerate(zip(a.params, b.params, strict=True), start=1):
        if number in kept:
            whole = rounds and a.command == Command.NAV_WAYPOINT
            yield f"param {number}", p, q, _WHOLE_SECONDS if whole else 0.01 + 1e-5 * abs(p)
    if has_place(a):
        yield from _place(a, b, fidelity)
    else:
        for number, p, q in ((5, a.lat_deg, b.lat_deg), (6, a.lon_deg, b.lon_deg), (7, a.altitude_m, b.altitude_m)):
            if number in kept:
                yield f"param {number}", p, q, 0.01 + 1e-5 * abs(p)


def _place(a: MissionItem, b: MissionItem, fidelity: Fidelity) -> Iterator[tuple[str, float, float, float]]:
    """Yield what must agree of a position; (0, 0) stands for where the vehicle is."""
    if (a.lat_deg, a.lon_deg) != (0.0, 0.0):
        yield "latitude", a.lat_deg, b.lat_deg, fidelity.position_deg
        yield "longitude", a.lon_deg, b.lon_deg, fidelity.position_deg
    if Command.NAV_FENCE_POLYGON_VERTEX_INCLUSION - 1 <= a.command < Command.NAV_RALLY_POINT:
        return  # a fence's items have no height
    rally = a.command == Command.NAV_RALLY_POINT and fidelity.firmware is Firmware.ARDUPILOT
    yield "altitude", a.altitude_m, b.altitude_m, _RALLY_HEIGHT_M if rally else _HEIGHT_M
    yield "frame", float(_SAME_FRAME.get(a.frame, a.frame)), float(_SAME_FRAME.get(b.frame, b.frame)), 0.0
