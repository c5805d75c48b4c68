"""What every mission must be, whichever file it came from: numbers, places on earth, for a multicopter."""

import math
from collections.abc import Iterable, Iterator

from dronepatrol.errors import InputError
from dronepatrol.formats.flight import FENCE, MAX_ITEMS, Flight
from dronepatrol.model.mission import Command, Frame, LonLat, MissionItem

FAR_M = 100_000.0
"""Nothing of one flight of a multicopter lies further away from its home."""
_EARTH_M = 6_371_008.8  # mean radius, IUGG
_PLACES = frozenset((16, 17, 18, 19, 21, 22, 31, 82, 195, 201, *FENCE, int(Command.NAV_RALLY_POINT)))
_PLACE_MAY_LACK = frozenset((19, 21, 22))
_AMSL_FRAMES = (Frame.GLOBAL, 5)
_MULTICOPTERS = frozenset((0, 2, 3, 4, 13, 14, 15, 29, 35))
_VEHICLES = {1: "a fixed wing", 10: "a rover", 11: "a boat", 12: "a submarine", 7: "an airship"} | dict.fromkeys(
    range(19, 26), "a VTOL"
)
_OTHERS_COMMANDS = {
    84: "a VTOL's take-off",
    85: "a VTOL's landing",
    3000: "a VTOL's transition",
    189: "the start of a fixed wing's landing",
    191: "a fixed wing's go-around",
    194: "a rover's reverse",
}
_LAND_START = 189  # ArduCopter knows it too


def checked(flight: Flight, what: str, *, vehicle_said: bool, near: LonLat | None = None) -> list[str]:
    """Return warnings about a flight.

    Parameters
    ----------
    flight
        As read.
    what
        Its name in messages.
    vehicle_said
        Whether the file says the vehicle's type.
    near
        A place that the flight should be near to, in degrees, lon and lat; home where None.

    Raises
    ------
    InputError
        When numbers are none, places are not on earth, far away or swapped, or it is for another kind of vehicle.
    """
    _check_vehicle(flight, what, vehicle_said)
    if (count := len(flight.items) + len(flight.fence) + len(flight.rally)) > MAX_ITEMS:
        msg = f"{what} has {count:,} items; MAVLink allows {MAX_ITEMS:,}"
        raise InputError(msg, hint="split the mission")
    home = (flight.home.lon_deg, flight.home.lat_deg, flight.home.amsl_m) if flight.home else ()
    if not all(math.isfinite(value or 0.0) for value in (*home, flight.speed_m_s, flight.return_height_m)):
        msg = f"{what}: home, speed or return height is no finite number"
        raise InputError(msg, hint="save the mission again")
    named = list(_named(flight))
    for name, item in named:
        _check_numbers(name, item, what)
    _check_places(flight, named, what, near)
    return list(_oddities(flight))


def distance_m(one: LonLat, other: LonLat) -> float:
    """Return the great-circle distance of two places on a sphere (haversine), good to 0.6 %."""
    lon1, lat1, lon2, lat2 = (math.radians(value) for value in (*one, *other))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_M * math.asin(math.sqrt(min(1.0, half)))


def has_place(item: MissionItem) -> bool:
    """Return whether an item names a place; zero and "not given" mean where the vehicle is."""
    known = math.isfinite(item.lat_deg) and math.isfinite(item.lon_deg)
    return item.command in _PLACES and known and not item.lat_deg == item.lon_deg == 0.0


def _named(flight: Flight) -> Iterator[tuple[str, MissionItem]]:
    for kind, items in (("item", flight.items), ("fence item", flight.fence), ("rally point", flight.rally)):
        for number, item in enumerate(items, start=1):
            yield f"{kind} {number}", item


def _check_vehicle(flight: Flight, what: str, vehicle_said: bool) -> None:
    hint = "only missions of multicopters are taken"
    if flight.vehicle not in _MULTICOPTERS:
        kind = _VEHICLES.get(flight.vehicle, f"vehicle type {flight.vehicle}")
        msg = f"{what} is for {kind}; expected a multicopter"
        raise InputError(msg, hint=hint)
    for number, item in enumerate(flight.items, start=1):
        sign = _OTHERS_COMMANDS.get(item.command)
        if sign and not (item.command == _LAND_START and vehicle_said):
            msg = f"{what}, item {number}: command {item.command} is {sign}; expected a multicopter's mission"
            raise InputError(msg, hint=f"{hint}; a .plan says which vehicle it is for")


def _check_numbers(name: str, item: MissionItem, what: str) -> None:
    values = (*item.params, item.lat_deg, item.lon_deg, item.altitude_m)
    wrong = ""
    if any(math.isinf(value) for value in values):
        wrong = "an infinite number"
    elif not 0 <= item.command <= 65_535 or not 0 <= item.frame <= 255:
        wrong = f"command {item.command} in frame {item.frame}"
    elif item.command in _PLACES and item.command not in _PLACE_MAY_LACK and any(map(math.isnan, values[4:])):
        wrong = "no latitude, longitude or height"
    if wrong:
        msg = f"{what}, {name}: {wrong}; expected numbers that MAVLink can carry"
        raise InputError(msg, hint="save the mission again")


def _check_places(flight: Flight, named: Iterable[tuple[str, MissionItem]], what: str, near: LonLat | None) -> None:
    home = [("home", (flight.home.lon_deg, flight.home.lat_deg))] if flight.home else []
    places = [*home, *((name, (item.lon_deg, item.lat_deg)) for name, item in named if has_place(item))]
    for name, (lon, lat) in places:
        if not (abs(lat) <= 90.0 and abs(lon) <= 180.0):
            swapped = "; latitude and longitude look swapped" if abs(lat) <= 180.0 and abs(lon) <= 90.0 else ""
            msg = f"{what}, {name}: latitude {lat:.6f}, longitude {lon:.6f} is no place on earth{swapped}"
            raise InputError(
                msg, hint="latitude comes first in .plan and .waypoints, longitude first in KML and GeoJSON"
            )
    if not places:
        return
    centre_name, centre = ("the place it should be near to", near) if near else places[0]
    for name, place in places:
        if (far := distance_m(centre, place)) > FAR_M:
            lon, lat = place
            looks_swapped = abs(lon) <= 90.0 and distance_m(centre, (lat, lon)) <= FAR_M
            guess = "; latitude and longitude look swapped" if looks_swapped else ""
            msg = f"{what}, {name} lies {far / 1000:,.0f} km from {centre_name}; expected at most 100 km{guess}"
            raise InputError(msg, hint="check the coordinates")


def _oddities(flight: Flight) -> Iterator[str]:
    if flight.vehicle == 0:
        yield "the file does not say which kind of vehicle it is for"
    if flight.home is not None:
        flown = [item for item in flight.items if has_place(item) and item.frame in _AMSL_FRAMES]
        below = sum(item.altitude_m < flight.home.amsl_m for item in flown)
        if below:
            yield f"{below} items are lower than home: their heights are above sea level, perhaps meant above home"
