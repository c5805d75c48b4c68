"""Commands to a vehicle in a person's words."""

from dronepatrol.fly.link import (
    Arm,
    Disarm,
    Do,
    GoToItem,
    ReadParameters,
    SetMode,
    SetParameter,
    StartMission,
    Upload,
    VehicleCommand,
)


def name_of(command: VehicleCommand) -> str:
    """Return a command as the object of a sentence."""
    match command:
        case Upload(kind, _):
            words = f"the {kind.value}"
        case SetMode(mode):
            words = f"mode {mode}"
        case Arm():
            words = "arming"
        case Disarm():
            words = "disarming"
        case StartMission():
            words = "the start of the mission"
        case ReadParameters():
            words = "to tell its failsafe parameters"
        case SetParameter(name, value):
            words = f"{name} = {value:g}"
        case Do(item):
            words = f"command {item.command}"
        case GoToItem(index):
            words = f"to go on at item {index}"
    return words
