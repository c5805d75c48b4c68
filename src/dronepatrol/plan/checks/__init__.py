"""Checks of a finished plan, made from the mission itself and not from what the planner believes about it.

``airspace``, ``sites``, ``daylight``, ``aircraft``, ``papers`` and ``people`` are the rules of
``data/rules/uav_cn.toml``, ``flight`` and ``returning`` are what flying itself asks for. ``fly`` refuses a plan with a
blocker.
"""

from dronepatrol.model.mission import Finding, Mission
from dronepatrol.plan.checks import aircraft, airspace, daylight, flight, papers, people, returning, sites
from dronepatrol.plan.checks.case import Case
from dronepatrol.plan.photogrammetry import PhotoPlan
from dronepatrol.plan.request import Request

SEVERITIES = ("blocker", "warning", "info")
_CHECKS = (
    airspace.height_above_ground,
    airspace.controlled,
    airspace.height_limits,
    airspace.kept_low,
    airspace.zones_given,
    airspace.later_zones,
    sites.advisory,
    sites.sensitive,
    sites.kept_unseen,
    sites.places_unseen,
    daylight.daylight,
    aircraft.classify,
    aircraft.speed,
    aircraft.sight,
    aircraft.relay,
    aircraft.swarm,
    aircraft.drop,
    papers.registration,
    papers.operating_certificate,
    papers.licence,
    papers.insurance,
    papers.remote_id,
    papers.fence_data,
    papers.survey,
    people.by_a_person,
    flight.wind,
    flight.energy,
    flight.inside_fence,
    flight.obstacles,
    flight.too_tall,
    returning.ways_home,
    flight.link_range,
    flight.items,
    flight.photo_interval,
    flight.timetable,
    flight.seen,
)


def check(mission: Mission, request: Request, photos: PhotoPlan) -> tuple[Finding, ...]:
    """Return what the checks find, blockers first: the rules for flying drones, and the flight's own.

    Parameters
    ----------
    mission
        As planned, with its timetable, heights and rally points.
    request
        What it was planned for; approvals and the operator's statements are in its spec.
    photos
        Height, step and footprint of its photos.
    """
    case = Case(mission, request, photos)
    found = tuple(finding for one in _CHECKS for finding in one(case))
    found += tuple(papers.application(case, found))
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))
