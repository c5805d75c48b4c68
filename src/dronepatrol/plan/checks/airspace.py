"""Rules about where and when: height above ground, zones of the airspace, what the camera sees, day and night."""

from collections.abc import Iterator

import numpy as np
import shapely
from shapely import Point

from dronepatrol.model.mission import Finding, Sortie
from dronepatrol.model.patrol import Zone, ZoneKind
from dronepatrol.plan.checks.case import Case
from dronepatrol.plan.sun import CIVIL_TWILIGHT_DEG, sun_height_deg

CEILING_M = 120.0
"""Real height above ground from which airspace is controlled (article 19)."""
LATERAL_ERROR_M = 5.0
"""How far beside its line an aircraft may be: a default of ours; the law says none."""
ADVISORY_M = 200.0
"""How near is "near" to a site whose surroundings the law protects without a distance: a default of ours."""
LOW_SUN_DEG = 15.0
"""Below this the sun's shadows are longer than 3.7 times what throws them: a default of ours for good photos."""


def height_above_ground(case: Case) -> Iterator[Finding]:
    """ALT120: every sample of every leg is less than 120 m above the ground."""
    unknown = 0
    for sortie in case.mission.sorties:
        above = case.heights_above_ground[sortie.id]
        unknown += int(np.isnan(above).sum())
        highest = float(np.nanmax(above, initial=-np.inf))
        if highest >= CEILING_M:
            at = Point(case.lines[sortie.id].samples[0][int(np.nanargmax(above))])
            message = f"{sortie.id} is {highest:.1f} m above the ground; below {CEILING_M:.0f} m is free of approval"
            yield case.breach("ALT120", message, "fly lower: a smaller gsd_cm or height_m", case.place(at))
    if unknown:
        message = f"the terrain model does not know the ground at {unknown} places of the route"
        yield Finding("ALT120", "warning", message, "take a terrain model that covers the area, the docks and the ways")


def controlled(case: Case) -> Iterator[Finding]:
    """NFZ_POLY and NFZ_TEMP: the route with its lateral error against no-fly zones in force."""
    for zone, shape in case.zones(ZoneKind.NO_FLY):
        reach = shape.buffer(LATERAL_ERROR_M)
        for sortie in case.mission.sorties:
            inside = case.lines[sortie.id].ground_line.intersection(reach)
            if inside.is_empty or not case.in_force(zone, sortie):
                continue
            within = f"{inside.length:.1f} m of {sortie.id} are within {LATERAL_ERROR_M:.0f} m (our default) of"
            if zone.valid_to is None:
                message = f"{within} the no-fly zone {zone.name}"
                yield case.breach("NFZ_POLY", message, "plan again outside it", case.place(inside))
            else:
                message = f"{within} the temporary zone {zone.name}, in force {_validity(zone)}"
                yield case.breach("NFZ_TEMP", message, "fly at another time, or outside it", case.place(inside))


def height_limits(case: Case) -> Iterator[Finding]:
    """NFZ_POLY: below the height that a published zone allows."""
    for zone, shape in case.zones(ZoneKind.HEIGHT_LIMIT):
        reach = shape.buffer(LATERAL_ERROR_M)
        shapely.prepare(reach)
        most = zone.max_height_m or 0.0
        for sortie in case.mission.sorties:
            if not case.in_force(zone, sortie):
                continue
            points = case.lines[sortie.id].samples[0]
            above = case.heights_above_ground[sortie.id]
            too_high = shapely.intersects_xy(reach, points) & ~(above <= most)
            if too_high.any():
                at = int(np.argmax(np.where(too_high, np.nan_to_num(above, nan=np.inf), -np.inf)))
                message = f"{sortie.id} is {above[at]:.1f} m above the ground in {zone.name}; {most:.0f} m is allowed"
                place = case.place(Point(points[at]))
                yield case.breach("NFZ_POLY", message, "fly lower there, or outside it", place)


def advisory(case: Case) -> Iterator[Finding]:
    """NFZ_ADVISORY: sites near which the law asks for care without saying a distance."""
    sites = case.zones(ZoneKind.ADVISORY)
    for zone, shape in sites:
        away = {s.id: _distance_m(case, s, shape) for s in case.mission.sorties if case.in_force(zone, s)}
        near = {sortie_id: distance for sortie_id, distance in away.items() if distance < ADVISORY_M}
        if near:
            message = (
                f"{len(near)} sorties come near {zone.name}, {min(near, key=near.__getitem__)} nearest,"
                f" {min(near.values()):.0f} m; the law protects its surroundings without a distance"
                f" ({ADVISORY_M:.0f} m is our default)"
            )
            todo = "ask the city government what is published there, and import it as a zone"
            yield case.breach("NFZ_ADVISORY", message, todo, case.place(shape))
    if not sites:
        message = "no layer of sites to keep away from was given: nearness to airports, power plants … is not checked"
        todo = "give zones of the kind advisory with the no-fly zones, and ask the city government what is published"
        yield Finding("NFZ_ADVISORY", "info", message, todo)


def sensitive(case: Case) -> Iterator[Finding]:
    """SENSITIVE: no photo shows a site that must not be seen."""
    for zone, shape in case.zones(ZoneKind.SENSITIVE):
        reach = shape.buffer(LATERAL_ERROR_M)
        shapely.prepare(reach)
        for sortie in case.mission.sorties:
            photos = [photo for photo in case.footprints[sortie.id] if reach.intersects(photo)]
            if photos and case.in_force(zone, sortie):
                message = f"{len(photos)} photos of {sortie.id} show {zone.name}, which must not be seen"
                todo = "take it, with half a photo around it, out of the area"
                yield case.breach("SENSITIVE", message, todo, case.place(shape))


def daylight(case: Case) -> Iterator[Finding]:
    """NIGHT, and the sun's height for photos."""
    lowest = {sortie.id: _lowest_sun_deg(case, sortie) for sortie in case.mission.sorties}
    dark = [sortie for sortie in case.mission.sorties if lowest[sortie.id] < CIVIL_TWILIGHT_DEG]
    dim = [sortie for sortie in case.mission.sorties if lowest[sortie.id] < LOW_SUN_DEG]
    if dark:
        named = _darkest(case, dark, lowest)
        if case.operator("lights").lower() in ("yes", "on", "true", "是"):
            yield Finding("NIGHT", "info", f"{named}: night; lights are on, as [operator] states", "")
        else:
            todo = 'fly by day, or state in [operator] lights = "yes" that lights are on'
            yield Finding("NIGHT", "blocker", f"{named}: night, when lights must be on", todo)
    if dim:
        message = f"{_darkest(case, dim, lowest)}; below {LOW_SUN_DEG:.0f} (our default) photos are dim, shadows long"
        yield Finding("sun", "warning", message, "start when the sun is higher")


def _distance_m(case: Case, sortie: Sortie, shape: shapely.Geometry) -> float:
    return float(case.lines[sortie.id].ground_line.distance(shape))


def _validity(zone: Zone) -> str:
    since = f"from {zone.valid_from:%Y-%m-%d %H:%M %z} " if zone.valid_from else ""
    return f"{since}to {zone.valid_to:%Y-%m-%d %H:%M %z}"


def _lowest_sun_deg(case: Case, sortie: Sortie) -> float:
    return min(sun_height_deg(sortie.dock.lon_deg, sortie.dock.lat_deg, time) for time in case.window(sortie))


def _darkest(case: Case, sorties: list[Sortie], lowest: dict[str, float]) -> str:
    sortie = min(sorties, key=lambda one: lowest[one.id])
    start, end = (f"{time:%Y-%m-%d %H:%M %z}" for time in case.window(sortie))
    others = f" and {len(sorties) - 1} others" if len(sorties) > 1 else ""
    return f"{sortie.id}{others}: the sun is {lowest[sortie.id]:.1f} degrees high between {start} and {end}"
