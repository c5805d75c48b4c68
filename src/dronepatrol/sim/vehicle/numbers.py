"""The MAVLink numbers that the embedded vehicle speaks (mavlink.io, common and ardupilotmega message sets)."""

from enum import IntEnum

FORCE = 21196.0
"""What param 2 of an arm or disarm command holds when the sender insists."""


class Mode(IntEnum):
    """ArduCopter's flight modes, as ``custom_mode`` of the heartbeat."""

    STABILIZE = 0
    AUTO = 3
    GUIDED = 4
    LOITER = 5
    RTL = 6
    LAND = 9
    BRAKE = 17


class Result(IntEnum):
    """MAV_RESULT."""

    ACCEPTED = 0
    TEMPORARILY_REJECTED = 1
    DENIED = 2
    UNSUPPORTED = 3
    FAILED = 4


class MissionResult(IntEnum):
    """MAV_MISSION_RESULT."""

    ACCEPTED = 0
    ERROR = 1
    UNSUPPORTED_FRAME = 2
    UNSUPPORTED = 3
    NO_SPACE = 4
    INVALID = 5
    INVALID_PARAM5_X = 10
    INVALID_PARAM6_Y = 11
    INVALID_SEQUENCE = 13
    DENIED = 14
    CANCELLED = 15


class MissionType(IntEnum):
    """MAV_MISSION_TYPE."""

    MISSION = 0
    FENCE = 1
    RALLY = 2
    ALL = 255


class MissionState(IntEnum):
    """MISSION_STATE."""

    NO_MISSION = 1
    NOT_STARTED = 2
    ACTIVE = 3
    PAUSED = 4
    COMPLETE = 5


class Landed(IntEnum):
    """MAV_LANDED_STATE."""

    ON_GROUND = 1
    IN_AIR = 2
    TAKEOFF = 3
    LANDING = 4


class Severity(IntEnum):
    """MAV_SEVERITY."""

    EMERGENCY = 0
    CRITICAL = 2
    WARNING = 4
    NOTICE = 5
    INFO = 6
    DEBUG = 7


class Cmd(IntEnum):
    """MAV_CMD numbers beyond those our own missions use (``dronepatrol.model.mission.Command``)."""

    NAV_LOITER_UNLIMITED = 17
    NAV_LOITER_TURNS = 18
    NAV_LOITER_TIME = 19
    NAV_LOITER_TO_ALT = 31
    NAV_SPLINE_WAYPOINT = 82
    NAV_DELAY = 93
    CONDITION_DELAY = 112
    CONDITION_DISTANCE = 114
    DO_SET_MODE = 176
    DO_JUMP = 177
    DO_SET_HOME = 179
    DO_LAND_START = 189
    DO_REPOSITION = 192
    DO_PAUSE_CONTINUE = 193
    DO_SET_ROI_LOCATION = 195
    DO_SET_ROI_NONE = 197
    DO_SET_ROI = 201
    DO_FENCE_ENABLE = 207
    DO_SET_MISSION_CURRENT = 224
    PREFLIGHT_REBOOT_SHUTDOWN = 246
    MISSION_START = 300
    COMPONENT_ARM_DISARM = 400
    RUN_PREARM_CHECKS = 401
    GET_HOME_POSITION = 410
    GET_MESSAGE_INTERVAL = 510
    SET_MESSAGE_INTERVAL = 511
    REQUEST_MESSAGE = 512
    REQUEST_AUTOPILOT_CAPABILITIES = 520
    DO_GIMBAL_MANAGER_PITCHYAW = 1000
    IMAGE_STOP_CAPTURE = 2001
