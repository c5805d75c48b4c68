"""Rules about papers and deadlines, from what [operator] states: what is missing is said, never guessed."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dronepatrol.model.mission import Finding
from dronepatrol.model.patrol import ZoneKind
from dronepatrol.plan.checks.aircraft import Class, class_of
from dronepatrol.plan.checks.case import Case
from dronepatrol.plan.checks.rules import load_rules

LOCAL_TIME = ZoneInfo("Asia/Shanghai")
NOON = time(12, 0)
REPORT_BEFORE = timedelta(hours=1)
FENCE_DATA_FRESH = timedelta(hours=24)
"""How old fence data may be: a default of ours; the law says "before the flight"."""
_NO = ("no", "none", "false", "not yet", "否", "无", "未")


def registration(case: Case) -> Iterator[Finding]:
    """REG: registered and activated."""
    yield from _stated(case, "REG", "registration", "the aircraft's registration number")
    yield from _stated(case, "REG", "activated", 'that the aircraft is activated, activated = "yes"')


def operating_certificate(case: Case) -> Iterator[Finding]:
    """OPCERT: for all but micro."""
    if class_of(case) is not Class.MICRO:
        yield from _stated(case, "OPCERT", "operating_certificate", "the number of the operating certificate")
        yield from _valid(case, "OPCERT", "operating_certificate_valid_to")


def licence(case: Case) -> Iterator[Finding]:
    """LICENCE: by class, and for light drones in controlled airspace."""
    found = class_of(case)
    if found in (Class.SMALL, Class.MEDIUM, Class.LARGE):
        yield from _stated(case, "LICENCE", "pilot_licence", f"the pilot's licence, needed for a {found} drone")
        yield from _valid(case, "LICENCE", "pilot_licence_valid_to")
    elif found is Class.LIGHT and _in_controlled_airspace(case):
        needed = "the adult pilot's training, needed for a light drone in controlled airspace"
        yield from _stated(case, "LICENCE", "pilot_training", needed)


def insurance(case: Case) -> Iterator[Finding]:
    """INSURANCE: commercial flights, and all of small drones and larger ones."""
    purpose = case.operator("purpose").lower()
    always = class_of(case) not in (Class.MICRO, Class.LIGHT)
    if always or purpose != "non-commercial":
        why = "" if always else '; a non-commercial flight of this class states purpose = "non-commercial"'
        yield from _stated(case, "INSURANCE", "insurance", f"the liability insurance{why}")
        yield from _valid(case, "INSURANCE", "insurance_valid_to")


def remote_id(case: Case) -> Iterator[Finding]:
    """RID: identification over the network and by broadcast."""
    if class_of(case) is Class.MICRO:
        return
    yield from _stated(case, "RID", "remote_id", 'how it identifies itself, such as remote_id = "network, broadcast"')
    stated = case.operator("remote_id").lower()
    lacking = [
        one for one, zh in (("network", "网络"), ("broadcast", "广播")) if one not in stated and zh not in stated
    ]
    if stated and not stated.startswith(_NO) and lacking:
        message = f"remote_id = {stated!r} lacks {' and '.join(lacking)}"
        yield case.breach("RID", message, "equip the aircraft; an old one that cannot report needs an application")


def application(case: Case, so_far: tuple[Finding, ...]) -> Iterator[Finding]:
    """APPLY_BY, CONFIRM_1H and DOSSIER: only where an application is needed, which the other findings tell."""
    needing = sorted({finding.rule for finding in so_far if _needs_application(finding)})
    if class_of(case) in (Class.MEDIUM, Class.LARGE):
        needing.append("CLASS")
    if not needing:
        message = "as far as the plan shows no application is needed: below 120 m and outside controlled airspace"
        yield Finding("APPLY_BY", "info", message, "ask air traffic control where in doubt")
        yield Finding("CONFIRM_1H", "info", "no approved flight, so no report an hour before take-off", "")
        yield Finding("DOSSIER", "info", "no application, so no dossier is asked for (plan/dossier.html has one)", "")
        return
    start = case.request.spec.start.astimezone(LOCAL_TIME)
    why = f"an application is needed ({', '.join(needing)})"
    deadline = datetime.combine(start.date() - timedelta(days=1), NOON, LOCAL_TIME)
    yield from _before(case, "APPLY_BY", "filed_at", deadline, why)
    yield from _before(case, "CONFIRM_1H", "confirmed_at", start - REPORT_BEFORE, f"{why}; report and confirmation")
    yield from _dossier(case)


def fence_data(case: Case) -> Iterator[Finding]:
    """GEOFENCE_FRESH: the aircraft's own fence data."""
    updated = _moment(case, "geofence_updated_at")
    start = case.request.spec.start
    if updated is None:
        message = "when the aircraft's own fence data were updated is not stated"
        todo = "update them before the flight, and state geofence_updated_at in [operator]"
        yield case.breach("GEOFENCE_FRESH", message, todo)
    elif not start - FENCE_DATA_FRESH <= updated <= start:
        message = f"fence data of {updated:%Y-%m-%d %H:%M %z}; at most 24 hours (our default) before take-off"
        yield case.breach("GEOFENCE_FRESH", message, "update them before the flight")


def survey(case: Case) -> Iterator[Finding]:
    """SURVEY: what the photos are made into."""
    product = case.operator("product")
    surveys = any(word in product.lower() for word in ("survey", "orthophoto", "map", "测绘", "正射"))
    qualification = case.operator("surveying_qualification")
    if surveys and not qualification:
        message = f"the product, {product}, may be a survey, which needs a surveying qualification; none is stated"
        yield Finding("SURVEY", "warning", message, "state surveying_qualification in [operator], or ask")
    elif surveys:
        yield Finding("SURVEY", "info", f"the product is a survey; qualification {qualification}", "")
    else:
        message = "photos of a patrol; whoever makes survey products of them needs a surveying qualification"
        yield Finding("SURVEY", "info", message, "state product in [operator]")


def by_a_person(_: Case) -> Iterator[Finding]:
    """CROWD, AVOID, INCIDENT: nothing in a plan shows them."""
    todos = {
        "CROWD": "ask what events there are, look before take-off, and apply where people gather below the route",
        "AVOID": "watch the air and give way; agree beforehand who watches",
        "INCIDENT": "report an abnormal event with a safety problem within 24 hours after landing",
    }
    for rule_id, todo in todos.items():
        message = f"cannot be checked from a plan, a person must: {load_rules()[rule_id].en}"
        yield Finding(rule_id, "info", message, todo)


def _needs_application(finding: Finding) -> bool:
    rule = load_rules().get(finding.rule)
    approvable = rule is not None and rule.approvable
    return approvable and (finding.severity == "blocker" or "; approved: " in finding.message)


def _in_controlled_airspace(case: Case) -> bool:
    high = any(bool((above >= 120.0).any()) for above in case.heights_above_ground.values())
    lines = [case.lines[sortie.id].ground_line for sortie in case.mission.sorties]
    return high or any(line.intersects(shape) for _, shape in case.zones(ZoneKind.NO_FLY) for line in lines)


def _dossier(case: Case) -> Iterator[Finding]:
    missing = [key for key in load_rules()["DOSSIER"].inputs if not case.operator(key)]
    if missing:
        message = f"the application's dossier lacks {', '.join(missing)}"
        yield case.breach("DOSSIER", message, "state them in [operator]")
    else:
        yield Finding("DOSSIER", "info", "the application's dossier has all its items (plan/dossier.html)", "")


def _stated(case: Case, rule_id: str, key: str, what: str) -> Iterator[Finding]:
    """Find what is not stated (a person must look), and what is stated not to be there (it forbids the flight)."""
    stated = case.operator(key)
    if not stated:
        yield Finding(rule_id, "warning", f"not stated, so a person must check: {what}", f"state {key} in [operator]")
    elif stated.lower().startswith(_NO):
        message = f"{key} = {stated!r}; needed: {load_rules()[rule_id].en}"
        yield case.breach(rule_id, message, "get it before the flight")


def _valid(case: Case, rule_id: str, key: str) -> Iterator[Finding]:
    stated = case.operator(key)
    if not stated:
        return
    last = case.request.spec.start.astimezone(LOCAL_TIME).date()
    try:
        until = date.fromisoformat(stated)
    except ValueError:
        yield Finding(rule_id, "warning", f"{key} = {stated!r} is no date", "write it like 2027-12-31")
        return
    if until < last:
        yield case.breach(rule_id, f"{key} = {until}; the flight is on {last}", "renew it before the flight")


def _before(case: Case, rule_id: str, key: str, deadline: datetime, why: str) -> Iterator[Finding]:
    moment = _moment(case, key)
    until = f"{deadline:%Y-%m-%d %H:%M %z}"
    if moment is None:
        message = f"{why} by {until}; {key} is not stated"
        yield Finding(rule_id, "warning", message, f"do it in time and state {key} in [operator]")
    elif moment > deadline:
        yield case.breach(rule_id, f"{why} by {until}; {key} = {moment:%Y-%m-%d %H:%M %z}", "fly on a later day")


def _moment(case: Case, key: str) -> datetime | None:
    """Return a stated moment; one without an offset from UTC is China's; None where none can be read."""
    try:
        moment = datetime.fromisoformat(case.operator(key))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=LOCAL_TIME)
