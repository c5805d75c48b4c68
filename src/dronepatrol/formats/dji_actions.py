"""What a DJI aircraft does at its waypoints: WPML's action groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from dronepatrol.formats.dji_xml import element, signed, texts
from dronepatrol.formats.route import Act, Kind, Stop


@dataclass(frozen=True, slots=True)
class Place:
    """A waypoint's index, where repeated photos end, and the lenses that take part.

    ``ends`` has the index of the last waypoint by the index of the first and the place among its acts.
    """

    index: int
    ends: Mapping[tuple[int, int], int]
    lenses: str


def write_groups(placemark: Element, stops: Sequence[Stop], here: Place, number: int) -> int:
    """Write what is done at a waypoint, in order; return the next group's number.

    A switch to repeated photos is a group of its own and so parts the others; a speed is the waypoint's, "off" is
    where the group ends.
    """
    stop = stops[here.index]
    pending: list[Act | float] = [stop.hold_s] if stop.hold_s else []
    for place, act in enumerate(stop.acts):
        if act.kind is Kind.STEP and act.value:
            number = _reach_group(placemark, here, number, pending)
            pending = []
            end = here.ends[here.index, place]
            trigger = "multipleTiming" if act.by_time else "multipleDistance"
            group = _group(placemark, number, (here.index, end), trigger)
            texts(group[1], {"actionTriggerParam": act.value})
            write_action(group[0], 0, Act(Kind.PHOTO), here.lenses)
            number += 1
        elif act.kind not in {Kind.STEP, Kind.SPEED}:
            pending.append(act)
    return _reach_group(placemark, here, number, pending)


def write_action(group: Element, number: int, act: Act, lenses: str) -> None:
    """Write a photo, a turn or a camera pitch."""
    if act.kind is Kind.PHOTO:
        photo = {
            "fileSuffix": "",
            "payloadPositionIndex": 0,
            "useGlobalPayloadLensIndex": 0,
            "payloadLensIndex": lenses,
        }
        texts(_function(group, number, "takePhoto"), photo)
    elif act.kind is Kind.YAW:
        turn = {"aircraftHeading": signed(act.value), "aircraftPathMode": "counterClockwise"}
        texts(_function(group, number, "rotateYaw"), turn)
    else:
        axes = {
            "gimbalHeadingYawBase": "north",
            "gimbalRotateMode": "absoluteAngle",
            "gimbalPitchRotateEnable": 1,
            "gimbalPitchRotateAngle": act.value,
        }
        still = ("gimbalRollRotateEnable", "gimbalRollRotateAngle", "gimbalYawRotateEnable", "gimbalYawRotateAngle")
        rest = ("gimbalRotateTimeEnable", "gimbalRotateTime", "payloadPositionIndex")
        texts(_function(group, number, "gimbalRotate"), axes | dict.fromkeys((*still, *rest), 0))


def _reach_group(placemark: Element, here: Place, number: int, acts: Sequence[Act | float]) -> int:
    if not acts:
        return number
    group, _trigger = _group(placemark, number, (here.index, here.index), "reachPoint")
    for place, act in enumerate(acts):
        if isinstance(act, Act):
            write_action(group, place, act, here.lenses)
        else:
            texts(_function(group, place, "hover"), {"hoverTime": act})
    return number + 1


def _group(placemark: Element, number: int, span: tuple[int, int], trigger: str) -> tuple[Element, Element]:
    """Return a new group and its trigger."""
    group = element(placemark, "actionGroup")
    start, end = span
    texts(group, {"actionGroupId": number, "actionGroupStartIndex": start, "actionGroupEndIndex": end})
    texts(group, {"actionGroupMode": "sequence"})
    triggered = element(group, "actionTrigger")
    texts(triggered, {"actionTriggerType": trigger})
    return group, triggered


def _function(group: Element, number: int, name: str) -> Element:
    action = element(group, "action")
    texts(action, {"actionId": number, "actionActuatorFunc": name})
    return element(action, "actionActuatorFuncParam")
