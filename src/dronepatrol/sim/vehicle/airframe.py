"""Body, motors, battery and camera through one step in flight; and a vehicle that no longer flies.

A motor that stands still, or an empty battery, lets the vehicle tumble to the ground; there it is disarmed as by
ArduCopter's crash check.
"""

from collections.abc import Callable

from dronepatrol.sim.vehicle.camera import Camera
from dronepatrol.sim.vehicle.cockpit import Cockpit
from dronepatrol.sim.vehicle.dynamics import STEP_S
from dronepatrol.sim.vehicle.numbers import Landed, Severity
from dronepatrol.sim.vehicle.outbox import Outbox

_AIRBORNE_M = 0.5
_CRASH_S = 2.0


class Airframe:
    """Carries out what the cockpit demands, as far as it can."""

    def __init__(self, cockpit: Cockpit, camera: Camera, outbox: Outbox) -> None:
        self._cockpit, self._state, self._camera, self._outbox = cockpit, cockpit.state, camera, outbox
        self._lying_s = 0.0
        self.out_of_control = False

    def step(self, steer: Callable[[], bool], *, motors: bool) -> bool:
        """Fly one step; return whether the flight is over. ``steer`` fills the demand and says when it is done."""
        state, body, cockpit = self._state, self._state.body, self._cockpit
        was_up = not body.on_ground
        self.out_of_control = self.out_of_control or self._power_lost()
        done = self._tumble() if self.out_of_control else steer()
        if not motors:
            body.fall()
        elif not self.out_of_control and (was_up or cockpit.lifting):
            body.fly(cockpit.demand, cockpit.slew_rad_s, cockpit.slew_rad_s2)
        if state.landed is Landed.TAKEOFF and body.up > _AIRBORNE_M:
            state.landed = Landed.IN_AIR
        if was_up and body.on_ground:
            self._outbox.text(Severity.INFO, f"SIM Hit ground at {body.hit_m_s:.6f} m/s")
        state.battery.draw(state.power.power_w(body.thrust, body.drag, body.airspeed, body.vup), STEP_S)
        self._camera.step()
        return done and body.on_ground

    def _power_lost(self) -> bool:
        state = self._state
        if int(state.parameters["SIM_ENGINE_FAIL"]) and not state.body.on_ground:
            self._outbox.text(Severity.EMERGENCY, "Potential Thrust Loss (1)")
        elif state.battery.share > 0.0:
            return False
        self._lying_s = 0.0
        return True

    def _tumble(self) -> bool:
        """Tumble for one step; return whether the vehicle has lain on the ground long enough to be disarmed."""
        body = self._state.body
        body.tumble()
        self._lying_s = self._lying_s + STEP_S if body.on_ground else 0.0
        if self._lying_s < _CRASH_S:
            return False
        self._outbox.text(Severity.EMERGENCY, "Crash: Disarming: AngErr=180>30, Accel=0.0<3.0")
        return True
