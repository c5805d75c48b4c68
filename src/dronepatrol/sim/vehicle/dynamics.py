"""How the embedded vehicle moves: a multicopter that tilts, drags through the wind and turns.

The drag is that of ArduPilot's simulator for a quadcopter (3 kg, 0.385 m² of rotor discs, momentum drag coefficient
0.2, 1.21 kg/m³): along each body axis momentum drag, linear in the airspeed and growing with the root of the thrust,
and a quadratic part, which follows from the airspeed that the vehicle reaches when it leans as far as it may.
"""

from dataclasses import dataclass
from math import atan, atan2, cos, hypot, pi, radians, sin, sqrt, tan
from random import Random

STEP_S = 0.02
"""Length of one step of vehicle time."""
G_M_S2 = 9.80665

_DRAG_LINEAR = 0.247  # 1/s, at hover thrust: 0.2 sqrt(g · 1.21 · 0.385 / 3)
_DRAG_QUADRATIC = 0.0355  # 1/m
_WIND_FULL_HEIGHT_M = 60.0
_ATTITUDE_LAG_S = 0.12
_TILT_RATE_M_S3 = 25.0
_CLIMB_LAG_S = 0.1
_YAW_GAIN = 4.5
_TUMBLE_SINK_M_S = 7.0
_TUMBLE_LAG_S = 1.0
_TUMBLE_SPIN_RAD_S = 6.0


@dataclass(frozen=True, slots=True)
class Wind:
    """A wind; below 60 m it falls off with the square root of the height, as in the recorded flights.

    ``gust_m_s`` is 1 sigma of each level part of the gusts, which forget themselves with ``gust_s``: the first-order
    form of Dryden's model.
    """

    speed_m_s: float
    from_deg: float
    gust_m_s: float = 0.0
    gust_s: float = 5.0

    def at(self, height_m: float) -> tuple[float, float]:
        """Return (north, east) in m/s of the moving air."""
        share = sqrt(min(max(height_m, 0.0) / _WIND_FULL_HEIGHT_M, 1.0))
        towards = radians(self.from_deg) + pi
        return self.speed_m_s * share * cos(towards), self.speed_m_s * share * sin(towards)


@dataclass(slots=True)
class Demand:
    """What the controller asks for: level thrust per mass (m/s²), vertical acceleration (m/s²), heading (rad)."""

    north_m_s2: float = 0.0
    east_m_s2: float = 0.0
    up_m_s2: float = 0.0
    yaw_rad: float = 0.0


class Body:
    """Where the vehicle really is and how it moves, metres and radians, north-east-up from the take-off point."""

    def __init__(self, wind: Wind, top_airspeed_m_s: float, angle_max_deg: float, dice: Random) -> None:
        self.n = self.e = self.up = 0.0
        self.vn = self.ve = self.vup = 0.0
        self.roll = self.pitch = self.yaw = self.yaw_rate = 0.0
        self.thrust = G_M_S2
        self.airspeed = self.drag = self.hit_m_s = 0.0
        self.on_ground = True
        self._fn = self._fe = self._aup = 0.0
        share = _drag_share(top_airspeed_m_s, radians(angle_max_deg))
        self._k1, self._k2 = share * _DRAG_LINEAR, share * _DRAG_QUADRATIC
        self._dice = dice
        self._gust_n = self._gust_e = 0.0
        self.blow(wind)

    def blow(self, wind: Wind) -> None:
        """Change the wind."""
        self.wind = wind
        self._wind_n, self._wind_e = self._steady = wind.at(_WIND_FULL_HEIGHT_M)

    def _gust(self) -> None:
        """Let the gusts go on by one step (Gauss-Markov)."""
        stays = 1 - STEP_S / self.wind.gust_s
        strength = self.wind.gust_m_s * sqrt(1 - stays * stays)
        self._gust_n = stays * self._gust_n + strength * self._dice.gauss(0.0, 1.0)
        self._gust_e = stays * self._gust_e + strength * self._dice.gauss(0.0, 1.0)
        self._wind_n, self._wind_e = self._steady[0] + self._gust_n, self._steady[1] + self._gust_e

    @property
    def ground_speed(self) -> float:
        """Level speed over ground in m/s."""
        return hypot(self.vn, self.ve)

    def place_on_ground(self) -> None:
        """Stop where it is, on the ground."""
        self.hit_m_s = -self.vup
        self.up = self.vn = self.ve = self.vup = 0.0
        self.roll = self.pitch = self.yaw_rate = 0.0
        self._fn = self._fe = self._aup = 0.0
        self.thrust, self.airspeed, self.drag = 0.0, 0.0, 0.0
        self.on_ground = True

    def fall(self) -> bool:
        """Move one step with the motors off; return whether the vehicle is on the ground."""
        if self.on_ground:
            return True
        self.vup -= G_M_S2 * STEP_S
        self.n += self.vn * STEP_S
        self.e += self.ve * STEP_S
        self.up += self.vup * STEP_S
        if self.up <= 0.0:
            self.place_on_ground()
        return self.on_ground

    def tumble(self) -> None:
        """Move one step with a motor out: it spins, sinks and drifts with the wind. A heuristic, no rotor model."""
        if self.on_ground:
            return
        share = STEP_S / _TUMBLE_LAG_S
        self.vup += (-_TUMBLE_SINK_M_S - self.vup) * share
        self.vn += (self._wind_n - self.vn) * share / 2
        self.ve += (self._wind_e - self.ve) * share / 2
        self.n += self.vn * STEP_S
        self.e += self.ve * STEP_S
        self.up += self.vup * STEP_S
        self.yaw_rate = _TUMBLE_SPIN_RAD_S
        self.yaw = (self.yaw + self.yaw_rate * STEP_S) % (2 * pi)
        if self.up <= 0.0:
            self.place_on_ground()

    def fly(self, demand: Demand, slew_rad_s: float, slew_rad_s2: float) -> None:
        """Move one step with the motors running."""
        self._follow(demand)
        self._turn(demand.yaw_rad, slew_rad_s, slew_rad_s2)
        cy, sy = cos(self.yaw), sin(self.yaw)
        forward, right = self._fn * cy + self._fe * sy, self._fe * cy - self._fn * sy
        self.pitch = -atan(forward / G_M_S2)
        cp, sp = cos(self.pitch), sin(self.pitch)
        self.roll = atan(right * cp / G_M_S2)
        cr, sr = cos(self.roll), sin(self.roll)
        # body axes in north, east, down: x (nose), y (right), z (belly)
        xn, xe, xd = cy * cp, sy * cp, -sp
        yn, ye, yd = cy * sp * sr - sy * cr, sy * sp * sr + cy * cr, cp * sr
        zn, ze, zd = cy * sp * cr + sy * sr, sy * sp * cr - cy * sr, cp * cr
        if self.wind.gust_m_s > 0.0:
            self._gust()
        share = sqrt(self.up / _WIND_FULL_HEIGHT_M) if 0.0 < self.up < _WIND_FULL_HEIGHT_M else float(self.up > 0.0)
        air_n, air_e = self.vn - share * self._wind_n, self.ve - share * self._wind_e
        air_d = -self.vup
        bx, by = air_n * xn + air_e * xe + air_d * xd, air_n * yn + air_e * ye + air_d * yd
        bz = air_n * zn + air_e * ze + air_d * zd
        k1, k2 = self._k1 * sqrt(self.thrust / G_M_S2), self._k2
        dx, dy, dz = -bx * (k1 + k2 * abs(bx)), -by * (k1 + k2 * abs(by)), -bz * (k1 + k2 * abs(bz))
        drag_n, drag_e = dx * xn + dy * yn + dz * zn, dx * xe + dy * ye + dz * ze
        drag_d = dx * xd + dy * yd + dz * zd
        self.thrust = max((G_M_S2 + drag_d + self._aup) / zd, 0.0)
        self.airspeed, self.drag = hypot(air_n, air_e), hypot(drag_n, drag_e)
        self.vn += (drag_n - self.thrust * zn) * STEP_S
        self.ve += (drag_e - self.thrust * ze) * STEP_S
        self.vup += self._aup * STEP_S
        self.n += self.vn * STEP_S
        self.e += self.ve * STEP_S
        self.up += self.vup * STEP_S
        self.on_ground = False
        if self.up <= 0.0 and self.vup <= 0.0:
            self.place_on_ground()

    def _follow(self, demand: Demand) -> None:
        """Let tilt and climb follow what is asked, with their lags."""
        share = STEP_S / _ATTITUDE_LAG_S
        step_n, step_e = (demand.north_m_s2 - self._fn) * share, (demand.east_m_s2 - self._fe) * share
        size, most = hypot(step_n, step_e), _TILT_RATE_M_S3 * STEP_S
        if size > most:
            step_n, step_e = step_n * most / size, step_e * most / size
        self._fn += step_n
        self._fe += step_e
        self._aup += (demand.up_m_s2 - self._aup) * STEP_S / _CLIMB_LAG_S

    def _turn(self, yaw_rad: float, slew_rad_s: float, slew_rad_s2: float) -> None:
        """Turn towards a heading, limited in rate and in change of rate."""
        error = (yaw_rad - self.yaw + pi) % (2 * pi) - pi
        wanted = min(max(_YAW_GAIN * error, -slew_rad_s), slew_rad_s)
        most = slew_rad_s2 * STEP_S
        self.yaw_rate += min(max(wanted - self.yaw_rate, -most), most)
        self.yaw = (self.yaw + self.yaw_rate * STEP_S) % (2 * pi)


def _drag_share(top_airspeed_m_s: float, lean_rad: float) -> float:
    """Return what the drag is multiplied by, so that leaning so far the vehicle flies level at its top airspeed."""
    along, through = top_airspeed_m_s * cos(lean_rad), top_airspeed_m_s * sin(lean_rad)
    share, thrust = 1.0, G_M_S2
    for _ in range(20):  # the thrust depends on the drag through the rotors, and the drag on the thrust
        linear = _DRAG_LINEAR * sqrt(thrust / G_M_S2)
        share = G_M_S2 * sin(lean_rad) / (along * (linear + _DRAG_QUADRATIC * along))
        thrust = G_M_S2 * cos(lean_rad) + share * through * (linear + _DRAG_QUADRATIC * through)
    return share


def tilt_limit_m_s2(angle_max_deg: float) -> float:
    """Return the level thrust per mass at the greatest lean."""
    return G_M_S2 * tan(radians(angle_max_deg))


def heading_rad(north: float, east: float) -> float:
    """Return the compass direction of a vector."""
    return atan2(east, north)
