"""What a flight tells those who watch it."""

from dataclasses import dataclass

from dronepatrol.fly.state import FlightState, Phase
from dronepatrol.fly.watch import flown_share


@dataclass(frozen=True, slots=True)
class FlyEvent:
    """How the flight stands; ``text`` is news, empty where only the figures moved. Unknown figures are None.

    ``item`` counts to ``items``, the index of the last one; item 0 is home or the start. Position is WGS-84, height
    above home; ``time_left_s`` is the plan's time for the rest of the way, on the vehicle's clock; ``planned_share`` is
    what the plan counts on having left of the battery by now.
    """

    sortie_id: str
    phase: Phase
    text: str
    photos: int
    planned_photos: int
    item: int
    items: int
    height_m: float | None
    battery_share: float | None
    drone: str = ""
    mode: str = ""
    lon_deg: float | None = None
    lat_deg: float | None = None
    speed_m_s: float | None = None
    planned_share: float | None = None
    time_left_s: float | None = None


def event_of(state: FlightState, photos: int, text: str = "", phase: Phase | None = None) -> FlyEvent:
    """Return how a flight stands, with a word of news."""
    plan, at, flown = state.plan, state.position, flown_share(state)
    began_with = state.battery_at_arming
    return FlyEvent(
        sortie_id=plan.sortie_id,
        phase=phase or state.phase,
        text=text,
        photos=photos,
        planned_photos=plan.planned_photos,
        item=max(0, state.current),
        items=len(plan.items) - 1,
        height_m=at.height_m if at else None,
        battery_share=state.battery_share,
        drone=plan.drone,
        mode=state.mode,
        lon_deg=at.lon_deg if at else None,
        lat_deg=at.lat_deg if at else None,
        speed_m_s=at.ground_speed_m_s if at else None,
        planned_share=None if began_with is None else began_with - plan.battery_needed_share * flown,
        time_left_s=plan.planned_time_s * (1.0 - flown) if plan.planned_time_s > 0 else None,
    )
