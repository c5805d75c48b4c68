"""A :class:`~dronepatrol.fly.link.VehicleLink` over MAVLink 2 (ArduPilot's dialect); vendor words stop here."""

from dronepatrol.fly.mavlink.link import MavlinkLink
from dronepatrol.fly.mavlink.tlog import read_tlog

__all__ = ["MavlinkLink", "read_tlog"]
