"""Packets to messages and back; the one place that knows pymavlink."""

from collections.abc import Sequence
from typing import Any

from pymavlink.dialects.v20 import ardupilotmega as dialect

GROUND_SYSTEM_ID = 255
_GROUND_COMPONENT_ID = 190  # MAV_COMP_ID_MISSIONPLANNER, what ground stations use


class Codec:
    """Parses what arrives and packs what leaves, with our sequence numbers."""

    def __init__(self) -> None:
        self._parser = dialect.MAVLink(None)
        self._parser.robust_parsing = True
        self._packer = dialect.MAVLink(None, srcSystem=GROUND_SYSTEM_ID, srcComponent=_GROUND_COMPONENT_ID)

    def parse(self, chunk: bytes) -> Sequence[Any]:
        """Return the whole, undamaged messages that the chunk completes."""
        messages = self._parser.parse_buffer(chunk) or ()
        return [message for message in messages if message.get_msgId() >= 0]

    def pack(self, name: str, /, **fields: Any) -> bytes:
        """Return a message's packet; ``name`` as in MAVLink, lower case."""
        message = getattr(self._packer, f"{name}_encode")(**fields)
        packet: bytes = bytes(message.pack(self._packer))
        self._packer.seq = (self._packer.seq + 1) % 256
        return packet

    def heartbeat(self) -> bytes:
        """Return the packet that says that a ground station lives."""
        return self.pack(
            "heartbeat",
            type=dialect.MAV_TYPE_GCS,
            autopilot=dialect.MAV_AUTOPILOT_INVALID,
            base_mode=0,
            custom_mode=0,
            system_status=dialect.MAV_STATE_ACTIVE,
        )

    @staticmethod
    def is_vehicle(heartbeat: Any) -> bool:
        """Say whether a HEARTBEAT comes from an autopilot, not from a ground station, camera or gimbal."""
        return bool(
            heartbeat.autopilot != dialect.MAV_AUTOPILOT_INVALID
            and heartbeat.type not in {dialect.MAV_TYPE_GCS, dialect.MAV_TYPE_ANTENNA_TRACKER}
        )
