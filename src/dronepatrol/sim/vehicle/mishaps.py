"""Faults at work: a scheduled fault sets the parameter that does it, and a parameter changes the simulated world."""

from math import cos, radians

from dronepatrol.sim.vehicle.faults import Fault, FaultKind, Faults, Phase
from dronepatrol.sim.vehicle.state import State

_M_PER_DEG = 111_195.0
_PARAMETER = {
    FaultKind.LINK_LOSS: ("SIM_UART_LOSS", 100.0),
    FaultKind.LINK_DROP: ("SIM_UART_LOSS", 100.0),
    FaultKind.LINK_LAG: ("SIM_LINK_LAG", 1000.0),
    FaultKind.MOTOR: ("SIM_ENGINE_FAIL", 1.0),
    FaultKind.CAMERA_MISS: ("SIM_CAM_MISS", 100.0),
}
"""The parameter of a fault, and what its value is multiplied by."""


class Mishaps:
    """Lets a vehicle's faults begin and end."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._faults = Faults(state.config.faults, state.config.seed)
        self._phase, self._phase_from_s, self._armed_from_s = Phase.GROUND, 0.0, 0.0
        self.dice = self._faults.dice
        self.real_s = 0.0

    def world_changed(self) -> None:
        """Take the ``SIM_*`` parameters."""
        state, values = self._state, self._state.parameters
        lat = state.origin.lat_deg
        state.estimator.gps_there = bool(int(values["SIM_GPS1_ENABLE"]))
        state.estimator.glitch_n = values["SIM_GPS1_GLTCH_X"] * _M_PER_DEG
        state.estimator.glitch_e = values["SIM_GPS1_GLTCH_Y"] * _M_PER_DEG * cos(radians(lat))
        state.battery.forced_v = values["SIM_BATT_VOLTAGE"]
        state.parameters_changed()

    def step(self) -> bool:
        """Begin and end what is due; return whether the autopilot restarts now."""
        if self._faults.nothing:
            return False
        now_s = self._state.time_s
        phase = self._state.phase
        if phase is not self._phase:
            if self._phase is Phase.GROUND:
                self._armed_from_s = now_s
            self._phase, self._phase_from_s = phase, now_s
        waited, flown = now_s - self._phase_from_s, now_s - self._armed_from_s
        begun = self._faults.start(phase, waited, flown, now_s, self.real_s)
        for fault in begun:
            self._begin(fault)
        for fault in self._faults.end(now_s, self.real_s):
            self._end(fault)
        return any(fault.kind is FaultKind.REBOOT for fault in begun)

    def _begin(self, fault: Fault) -> None:
        values = self._state.parameters
        if fault.kind in _PARAMETER:
            name, unit = _PARAMETER[fault.kind]
            values[name] = fault.value * unit
        elif fault.kind is FaultKind.GPS_LOSS:
            values["SIM_GPS1_ENABLE"] = 0
        elif fault.kind is FaultKind.GPS_GLITCH:
            north, east = self._faults.direction()
            values["SIM_GPS1_GLTCH_X"] = fault.value * north / _M_PER_DEG
            values["SIM_GPS1_GLTCH_Y"] = fault.value * east / _M_PER_DEG / cos(radians(self._state.origin.lat_deg))
        elif fault.kind is FaultKind.BATTERY:
            self._state.battery.drop_to(fault.value)
        self.world_changed()

    def _end(self, fault: Fault) -> None:
        values = self._state.parameters
        if fault.kind in _PARAMETER and fault.kind is not FaultKind.MOTOR:
            values[_PARAMETER[fault.kind][0]] = 0
        elif fault.kind is FaultKind.GPS_LOSS:
            values["SIM_GPS1_ENABLE"] = 1
        elif fault.kind is FaultKind.GPS_GLITCH:
            values["SIM_GPS1_GLTCH_X"] = values["SIM_GPS1_GLTCH_Y"] = 0
        self.world_changed()
