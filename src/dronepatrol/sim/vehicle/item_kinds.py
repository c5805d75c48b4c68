"""Which mission items there are, by number (MAVLink), and what ArduCopter 4.7 does with each kind.

Facts from ArduPilot's documentation of mission commands and its source: an item that is none of these is refused when
it is uploaded; one that is known but means nothing to a copter is taken, and skipped when its turn comes.
"""

from dronepatrol.model.mission import Command
from dronepatrol.sim.vehicle.numbers import Cmd

NAVIGATION: dict[int, str] = {
    Command.NAV_WAYPOINT: "WP",
    Cmd.NAV_LOITER_UNLIMITED: "LoitUnlim",
    Cmd.NAV_LOITER_TURNS: "LoitTurns",
    Cmd.NAV_LOITER_TIME: "LoitTime",
    Command.NAV_RETURN_TO_LAUNCH: "RTL",
    Command.NAV_LAND: "Land",
    Command.NAV_TAKEOFF: "Takeoff",
    30: "ContinueAndChangeAlt",
    Cmd.NAV_LOITER_TO_ALT: "LoitAltitude",
    Cmd.NAV_SPLINE_WAYPOINT: "SplineWP",
    83: "AltitudeWait",
    84: "VTOL Takeoff",
    85: "VTOL Land",
    92: "NavGuidedEnable",
    Cmd.NAV_DELAY: "NavDelay",
    94: "NavPayloadPlace",
    213: "NavSetYawSpeed",
    42702: "NavScriptTime",
    42703: "NavAttitudeTime",
}
"""Navigation items and what ArduPilot calls them."""

FLOWN: frozenset[int] = frozenset(
    {
        Command.NAV_WAYPOINT,
        Cmd.NAV_LOITER_UNLIMITED,
        Cmd.NAV_LOITER_TURNS,
        Cmd.NAV_LOITER_TIME,
        Command.NAV_RETURN_TO_LAUNCH,
        Command.NAV_LAND,
        Command.NAV_TAKEOFF,
        Cmd.NAV_LOITER_TO_ALT,
        Cmd.NAV_SPLINE_WAYPOINT,
        Cmd.NAV_DELAY,
    }
)
"""Those that this vehicle flies; the others it skips (VTOL take-off and landing, guided parts, scripts, payloads)."""

WAITED_FOR: frozenset[int] = frozenset({Cmd.CONDITION_DELAY, Cmd.CONDITION_DISTANCE, Command.CONDITION_YAW})
"""Conditions: what follows them waits."""

DO_NAMES: dict[int, str] = {
    Cmd.CONDITION_DELAY: "Delay",
    Cmd.CONDITION_DISTANCE: "Distance",
    Command.CONDITION_YAW: "Yaw",
    Cmd.DO_SET_MODE: "SetMode",
    Command.DO_CHANGE_SPEED: "ChangeSpeed",
    Cmd.DO_SET_HOME: "SetHome",
    181: "SetRelay",
    182: "RepeatRelay",
    183: "SetServo",
    184: "RepeatServo",
    188: "ReturnPathStart",
    Cmd.DO_LAND_START: "LandStart",
    191: "Go Around",
    194: "SetReverse",
    Cmd.DO_SET_ROI_LOCATION: "SetROI",
    Cmd.DO_SET_ROI_NONE: "SetROI",
    Cmd.DO_SET_ROI: "SetROI",
    202: "DigiCamCfg",
    Command.DO_DIGICAM_CONTROL: "DigiCamCtrl",
    Command.DO_MOUNT_CONTROL: "MountControl",
    Command.DO_SET_CAM_TRIGG_DIST: "SetCamTrigDst",
    Cmd.DO_FENCE_ENABLE: "FenceEnable",
    208: "Parachute",
    210: "InvertedFlight",
    211: "Gripper",
    212: "AutoTuneEnable",
    215: "SetRepeatDist",
    216: "Sprayer",
    217: "ScriptMessage",
    218: "AuxFunction",
    222: "GuidedLimits",
    223: "EngineControl",
    531: "SetCameraZoom",
    532: "SetCameraFocus",
    534: "SetCameraSource",
    600: "JumpTag",
    601: "DoJumpTag",
    Cmd.DO_GIMBAL_MANAGER_PITCHYAW: "GimbalPitchYaw",
    Command.IMAGE_START_CAPTURE: "ImageStartCapture",
    Cmd.IMAGE_STOP_CAPTURE: "ImageStopCapture",
    2500: "VideoStartCapture",
    2501: "VideoStopCapture",
    42600: "Winch",
}
"""What is done or waited for, and what ArduPilot calls it."""

SILENT: frozenset[int] = frozenset(
    {181, 182, 183, 184, 202, 203, 206, 208, 211, 215, 216, 217, 218, 531, 532, 534, 600, 601, 1000, 2000, 2001}
    | {2500, 2501}
)
"""Done by ArduPilot's mission library itself: no MISSION_ITEM_REACHED comes for them."""

TAKEN: frozenset[int] = frozenset(NAVIGATION) | frozenset(DO_NAMES) | {Cmd.DO_JUMP}
"""What a mission may hold."""
