"""What flying costs: power of a multicopter, and the battery it comes from.

The constants are this vehicle's own and on purpose not the planner's: a plan is checked against a battery that does not
know the plan's assumptions.
"""

from math import hypot, sqrt

_G_M_S2 = 9.80665
_RHO_KG_M3 = 1.225
_DISC_M2_AT_1_KG = 0.17  # rotor disc area of all rotors; grows nearly with mass
_DISC_GROWTH = 0.9
_EFFICIENCY = 0.5  # rotor figure of merit times motor and controller
_RECOVERED = 0.4  # share of the sinking power that the rotors need not give
_ELECTRONICS_W = 10.0
_CELLS = 4
_CELL_V = (3.3, 3.85, 4.2)  # open circuit at 0, 50 and 100 %
_NOMINAL_CELL_V = 3.7
_WEAK_CELL_V, _EMPTY_CELL_V = 3.2, 3.0
_RESISTANCE_OHM_AH = 0.25  # inner resistance times capacity


class PowerModel:
    """Electrical power of a multicopter of one mass."""

    def __init__(self, mass_kg: float) -> None:
        self._mass_kg = mass_kg
        disc_m2 = _DISC_M2_AT_1_KG * mass_kg**_DISC_GROWTH
        self._induced2_per_n = 1 / (2 * _RHO_KG_M3 * disc_m2)

    def power_w(self, thrust_m_s2: float, drag_m_s2: float, airspeed_m_s: float, climb_m_s: float) -> float:
        """Return watts.

        Momentum theory with level inflow (Glauert: v_h² = v_i sqrt(V² + v_i²)), plus drag and climb.

        Parameters
        ----------
        thrust_m_s2, drag_m_s2
            Forces per mass.
        airspeed_m_s, climb_m_s
            Level speed through the air, and upward speed.
        """
        thrust_n = self._mass_kg * thrust_m_s2
        hover2 = thrust_n * self._induced2_per_n
        half = airspeed_m_s * airspeed_m_s / 2
        induced = sqrt(max(hypot(half, hover2) - half, 0.0))
        climb = climb_m_s if climb_m_s > 0 else climb_m_s * _RECOVERED
        mechanical = thrust_n * (induced + climb) + self._mass_kg * drag_m_s2 * airspeed_m_s
        return max(mechanical, 0.0) / _EFFICIENCY + _ELECTRONICS_W

    def hover_w(self) -> float:
        """Return the power of hovering in still air."""
        return self.power_w(_G_M_S2, 0.0, 0.0, 0.0)


class Battery:
    """A battery of a given energy; it gives what is asked and counts it.

    ``weak_v`` and ``empty_v`` are what counts as low under load. ``forced_v`` above 0 is what it shows instead of what
    its charge would: a fault.
    """

    def __init__(self, capacity_wh: float, share: float) -> None:
        self.capacity_wh = capacity_wh
        self.capacity_mah = capacity_wh / (_CELLS * _NOMINAL_CELL_V) * 1000
        self._used_wh = capacity_wh * (1 - share)
        self.power_w = 0.0
        self.weak_v, self.empty_v = _WEAK_CELL_V * _CELLS, _EMPTY_CELL_V * _CELLS
        self.forced_v = 0.0

    @property
    def share(self) -> float:
        """What is left, 0 to 1."""
        return max(0.0, 1 - self._used_wh / self.capacity_wh)

    @property
    def used_wh(self) -> float:
        """Energy taken since full, in watt-hours."""
        return self._used_wh

    @property
    def volts(self) -> float:
        """Voltage under the present load."""
        if self.forced_v > 0.0:
            return self.forced_v
        return self._open_v() - self.amperes * _RESISTANCE_OHM_AH / (self.capacity_mah / 1000)

    @property
    def amperes(self) -> float:
        """Present current."""
        return self.power_w / self._open_v()

    def _open_v(self) -> float:
        empty, half, full = _CELL_V
        share = self.share
        cell = empty + (half - empty) * share * 2 if share < 0.5 else half + (full - half) * (share * 2 - 1)
        return cell * _CELLS

    def drop_to(self, share: float) -> None:
        """Lose charge at once, down to a share: a fault."""
        self._used_wh = max(self._used_wh, self.capacity_wh * (1 - share))

    def draw(self, power_w: float, seconds: float) -> None:
        """Take power for a time."""
        self.power_w = power_w
        self._used_wh += power_w * seconds / 3600
