"""Every rule of the regulations: one patrol that breaks it, one that does not."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from dronepatrol.model.patrol import ZoneKind
from dronepatrol.plan.checks.rules import load_rules

KNOWN = {
    *("ALT120", "NFZ_POLY", "NFZ_ADVISORY", "NFZ_TEMP", "CLASS", "SPEED", "MICRO_VLOS", "BVLOS", "NIGHT", "CROWD"),
    *("RELAY", "SWARM", "DROP", "APPLY_BY", "CONFIRM_1H", "DOSSIER", "REG", "OPCERT", "LICENCE", "INSURANCE", "RID"),
    *("GEOFENCE_FRESH", "AVOID", "SENSITIVE", "SURVEY", "INCIDENT"),
}


class Slope:
    """Ground that rises to the north, from 4 m at the dock."""

    source = "synthetic"

    def __init__(self, per_m: float, known: bool = True) -> None:
        self.per_m, self.known = per_m, known

    def height_m(self, lonlat):
        north = (np.asarray(lonlat)[..., 1] - 30.70) * 110_860
        return np.where(self.known, 4.0 + self.per_m * north, np.nan)


def on(patrol, terrain):
    return replace(patrol, request=replace(patrol.request, terrain=terrain))


def test_all_26_rules_are_there_in_both_languages():
    rules = load_rules()
    assert set(rules) == KNOWN
    assert len(rules) == 26
    assert all(rule.zh and rule.en and rule.article for rule in rules.values())


def test_a_plain_patrol_has_no_blocker_and_no_warning_but_coverage(patrol):
    found = patrol().findings()
    assert {f.rule for f in found if f.severity != "info"} == {"seen"}
    assert all(f.what_to_do for f in found if f.severity != "info")


def test_blockers_come_first(patrol):
    severities = [f.severity for f in patrol(height_m=130.0).operator(insurance="", purpose="commercial").findings()]
    assert severities == sorted(severities, key=["blocker", "warning", "info"].index)


def test_alt120_counts_from_the_ground_at_every_sample(patrol):
    assert "blocker" in patrol(height_m=120.0).found("ALT120")
    assert "blocker" not in patrol(height_m=119.0).found("ALT120")
    falling = on(patrol(height_m=100.0), Slope(-0.08))  # 28 m lower at the far end
    assert "blocker" in falling.found("ALT120")
    assert "blocker" not in on(patrol(height_m=100.0), Slope(0.08)).found("ALT120")
    valley = patrol([(0, 50), (0, 350)], height_m=119.0)  # between two waypoints only
    assert "warning" in on(valley, Slope(0.0, known=False)).found("ALT120")


def test_an_approval_turns_the_blocker_into_information_that_names_it(patrol):
    approved = patrol(height_m=125.0).approved("ALT120")
    assert "ALT120" not in approved.blockers()
    assert any("No. 7" in f.message for f in approved.findings() if f.rule == "ALT120")
    assert "ALT120" in patrol(height_m=125.0).approved("SWARM").blockers()


def test_nfz_poly_with_the_lateral_error(patrol, at_metres):
    assert "blocker" in patrol().zone(at_metres(-97, 100, -60, 200)).found("NFZ_POLY")  # 3 m beside the leg
    assert patrol().zone(at_metres(-90, 100, -60, 200)).found("NFZ_POLY") == []
    near = patrol().zone(at_metres(-97, 100, -60, 200))
    approved = near.approved("NFZ_POLY", "z0").findings()
    assert [f.severity for f in approved if f.rule == "NFZ_POLY"] == ["info"]
    assert any("No. 7" in f.message and "No. 7" in f.message_zh for f in approved)


def test_an_approval_for_one_zone_opens_no_other(patrol, at_metres):
    two = patrol().zone(at_metres(-110, 100, -90, 150)).zone(at_metres(-110, 200, -90, 250))
    assert two.found("NFZ_POLY") == ["blocker", "blocker"]
    assert sorted(two.approved("NFZ_POLY", "z1").found("NFZ_POLY")) == ["blocker", "info"]
    low = patrol().zone(at_metres(-110, 100, -90, 150), ZoneKind.HEIGHT_LIMIT, max_height_m=60.0)
    low = low.zone(at_metres(-110, 200, -90, 250), ZoneKind.HEIGHT_LIMIT, max_height_m=60.0)
    blockers = [f for f in low.approved("NFZ_POLY", "z1").findings() if f.severity == "blocker"]
    assert [f.rule for f in blockers if f.rule == "NFZ_POLY"] == ["NFZ_POLY"]
    assert 'approvals.NFZ_POLY."z0"' in blockers[0].what_to_do


def test_no_zones_are_said_and_so_is_a_layer_without_any(patrol, at_metres):
    (none,) = [f for f in patrol().findings() if f.rule == "NFZ_POLY"]
    assert (none.severity, "was not checked" in none.message) == ("info", True)
    (empty,) = [f for f in patrol().spec(nofly_file=Path("zones.geojson")).findings() if f.rule == "NFZ_POLY"]
    assert (empty.severity, "zones.geojson has no zones" in empty.message) == ("info", True)
    assert patrol().zone(at_metres(900, 900, 950, 950)).found("NFZ_POLY") == []


def test_a_height_limited_zone_is_flown_below_its_height(patrol, at_metres):
    zone = at_metres(-110, 100, -90, 200)
    assert "blocker" in patrol().zone(zone, ZoneKind.HEIGHT_LIMIT, max_height_m=60.0).found("NFZ_POLY")
    assert patrol().zone(zone, ZoneKind.HEIGHT_LIMIT, max_height_m=90.0).found("NFZ_POLY") == []


def test_nfz_advisory_warns_near_and_says_that_the_distance_is_ours(patrol, at_metres):
    near = patrol().zone(at_metres(150, 100, 200, 150), ZoneKind.ADVISORY)
    assert near.found("NFZ_ADVISORY") == ["warning"]
    assert "our default" in next(f.message for f in near.findings() if f.rule == "NFZ_ADVISORY")
    assert patrol().zone(at_metres(1500, 0, 1600, 100), ZoneKind.ADVISORY).found("NFZ_ADVISORY") == []
    assert patrol().found("NFZ_ADVISORY") == ["info"]  # no layer: said, not assumed


@pytest.mark.parametrize(("opens_h", "closes_h", "severity"), [(-1, 1, "blocker"), (1, 2, None), (-3, -1, None)])
def test_nfz_temp_counts_only_while_it_is_in_force(patrol, at_metres, opens_h, closes_h, severity):
    plain = patrol()
    start = plain.request.spec.start
    zone = plain.zone(
        at_metres(-200, 100, 200, 200),
        valid_from=start + timedelta(hours=opens_h),
        valid_to=start + timedelta(hours=closes_h),
    )
    later = "info" if opens_h > 0 else None  # after the patrol, but crossing its route: start on time
    assert zone.found("NFZ_TEMP") == [one for one in (severity or later,) if one]
    assert zone.found("NFZ_POLY") == []
    assert ("NFZ_TEMP" in zone.approved("NFZ_TEMP").blockers()) is bool(severity)  # no approval lifts it


def test_nfz_temp_uses_the_sorties_own_time(patrol, at_metres):
    plain = patrol()
    opens = plain.request.spec.start + timedelta(hours=1)
    zone = plain.zone(at_metres(-200, 100, 200, 200), valid_from=opens, valid_to=opens + timedelta(hours=1))
    assert zone.found("NFZ_TEMP") == ["info"]
    assert zone.sortie(start_s=3600.0).found("NFZ_TEMP") == ["blocker"]
    aside = plain.zone(at_metres(500, 100, 600, 200), valid_from=opens, valid_to=opens + timedelta(hours=1))
    assert aside.found("NFZ_TEMP") == []


@pytest.mark.parametrize(
    ("mass_kg", "name"),
    [(0.2, "micro"), (0.25, "light"), (4.0, "light"), (4.1, "small"), (16.0, "medium"), (151.0, "large")],
)
def test_class_follows_from_the_mass(patrol, mass_kg, name):
    messages = [f.message for f in patrol().aircraft(mass_kg=mass_kg).findings() if f.rule == "CLASS"]
    assert any(f"counts as {name}" in message for message in messages)


def test_class_takes_a_stated_take_off_mass(patrol):
    messages = [f.message for f in patrol().operator(max_takeoff_kg="8").findings() if f.rule == "CLASS"]
    assert "counts as small" in messages[0]


def test_speed_limit_of_the_class(patrol):
    assert patrol(speed_m_s=28.0).found("SPEED") == ["blocker"]  # 101 km/h, light
    assert patrol(speed_m_s=27.0).found("SPEED") == []
    assert patrol(speed_m_s=12.0).aircraft(mass_kg=0.2).found("SPEED") == ["blocker"]  # 43 km/h, micro


FAR = ((0, 50), (0, 600), (40, 600), (40, 50))


def test_micro_drones_stay_in_sight(patrol):
    assert patrol(FAR).aircraft(mass_kg=0.2).found("MICRO_VLOS") == ["blocker"]
    assert patrol().aircraft(mass_kg=0.2).found("MICRO_VLOS") == []
    assert patrol(FAR).found("MICRO_VLOS") == []


def test_out_of_sight_needs_a_measure(patrol):
    assert patrol(FAR).operator(traffic_awareness="").found("BVLOS") == ["warning"]
    assert patrol(FAR).found("BVLOS") == ["info"]
    assert patrol().operator(traffic_awareness="").found("BVLOS") == []


def test_night_needs_lights(patrol):
    night = patrol().spec(start=datetime.fromisoformat("2026-05-18T20:30:00+08:00"))
    assert night.operator(lights="").found("NIGHT") == ["blocker"]
    assert night.found("NIGHT") == ["info"]
    assert night.found("sun") == ["warning"]
    assert patrol().operator(lights="").found("NIGHT") == []
    assert patrol().found("sun") == []


@pytest.mark.parametrize("rule", ["CROWD", "AVOID", "INCIDENT"])
def test_what_no_plan_shows_is_left_to_a_person(patrol, rule):
    (finding,) = [f for f in patrol().findings() if f.rule == rule]
    assert finding.severity == "info"
    assert "a person must" in finding.message
    assert finding.what_to_do
    assert load_rules()[rule].checked == "person"
    (key,) = load_rules()[rule].inputs
    (seen_to,) = [f for f in patrol().operator(**{key: "note 12 of 17 May"}).findings() if f.rule == rule]
    assert seen_to.severity == "info"
    assert "note 12 of 17 May" in seen_to.message
    assert "a person must" not in seen_to.message
    (denied,) = [f for f in patrol().operator(**{key: "not yet"}).findings() if f.rule == rule]
    assert "a person must" in denied.message


@pytest.mark.parametrize("stated", ["No. 7", "North 12", "none-such 3", "无人机保险 12 号", "no 7"])
def test_what_only_begins_like_a_no_is_a_reference(patrol, stated):
    assert patrol().operator(registration=stated).found("REG") == []


@pytest.mark.parametrize("stated", ["no", "None", "no, later", "not yet", "无", "否", "未办理", "no insurance"])
def test_a_no_is_a_no(patrol, stated):
    assert patrol().operator(registration=stated).found("REG") == ["blocker"]


def test_an_approval_closes_the_question_of_crowds(patrol):
    (approved,) = [f for f in patrol().approved("CROWD").findings() if f.rule == "CROWD"]
    assert "approved: No. 7" in approved.message
    assert patrol().approved("CROWD").found("APPLY_BY") == ["warning"]  # an application it was, with its deadline


def test_every_finding_says_what_to_do_in_both_languages(patrol, at_metres):
    at = at_metres(-110, 100, -90, 200)
    every = patrol(height_m=130.0, speed_m_s=30.0).spec(operator={}, wind_m_s=20.0).aircraft(link_range_m=10.0)
    every = every.zone(at).zone(at, ZoneKind.SENSITIVE).zone(at, ZoneKind.ADVISORY)
    every = every.zone(at, ZoneKind.HEIGHT_LIMIT, max_height_m=20.0).zone(at, valid_to=datetime.max.replace(tzinfo=UTC))
    every = every.sortie(planned_energy_wh=99.0, rally=())
    found = every.findings() + patrol().findings() + patrol(height_m=130.0).approved("ALT120").findings()
    assert len({finding.rule for finding in found}) > 25
    for finding in found:
        assert finding.what_to_do, finding
        assert finding.what_to_do_zh, finding
        assert re.search("[\u4e00-\u9fff]", finding.message_zh), finding
        assert finding.said("zh") == (finding.message_zh, finding.what_to_do_zh)
        assert finding.said("en") == (finding.message, finding.what_to_do)
        numbers = re.findall(r"\d+(?:\.\d+)?", finding.message.replace("m2", ""))
        assert not [one for one in numbers if one not in finding.message_zh]


def test_relay_over_the_internet_needs_an_application(patrol):
    assert patrol().operator(control_link="dock over 4G/5G").found("RELAY") == ["blocker"]
    assert patrol().operator(control_link="internet").approved("RELAY").found("RELAY") == ["info"]
    assert patrol().operator(control_link="").found("RELAY") == ["warning"]
    assert patrol().found("RELAY") == []


def test_several_aircraft_at_once_need_an_application(patrol):
    one = patrol()
    sortie = one.mission.sorties[0]

    def both(start_s):
        other = replace(sortie, id="sortie-02", drone="d2", start_s=start_s)
        return replace(one, mission=replace(one.mission, sorties=(sortie, other)))

    assert both(100.0).found("SWARM") == ["blocker"]
    assert both(100.0).approved("SWARM").found("SWARM") == ["info"]
    assert both(301.0).found("SWARM") == []
    assert one.found("SWARM") == []


def test_dropping_needs_an_application(patrol):
    assert patrol().operator(dangerous_goods_or_dropping="seeds").found("DROP") == ["blocker"]
    assert patrol().operator(dangerous_goods_or_dropping="").found("DROP") == ["info"]
    assert patrol().found("DROP") == []


def test_an_application_is_filed_before_noon_of_the_day_before(patrol):
    needing = patrol(height_m=125.0).approved("ALT120")
    assert needing.operator(filed_at="2026-05-17T12:30").found("APPLY_BY") == ["blocker"]
    assert needing.operator(filed_at="2026-05-17T04:30:00+00:00").found("APPLY_BY") == ["blocker"]  # 12:30 in China
    assert needing.operator(filed_at="2026-05-17T11:30").found("APPLY_BY") == []
    assert needing.found("APPLY_BY") == ["warning"]  # not stated
    assert patrol().found("APPLY_BY") == ["info"]  # none needed


def test_an_approved_flight_is_confirmed_an_hour_before(patrol):
    needing = patrol(height_m=125.0).approved("ALT120")
    assert needing.operator(confirmed_at="2026-05-18T08:45").found("CONFIRM_1H") == ["blocker"]
    assert needing.operator(confirmed_at="2026-05-18T08:15").found("CONFIRM_1H") == []
    assert needing.found("CONFIRM_1H") == ["warning"]
    assert patrol().found("CONFIRM_1H") == ["info"]


def test_the_dossier_names_what_it_lacks(patrol):
    needing = patrol(height_m=125.0).approved("ALT120")
    assert needing.found("DOSSIER") == ["info"]
    lacking = needing.operator(c2_frequency="", contact=" ")
    assert lacking.found("DOSSIER") == ["warning"]
    (message,) = [f.message for f in lacking.findings() if f.rule == "DOSSIER"]
    assert "contact, c2_frequency" in message


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        ("REG", "registration"),
        ("REG", "activated"),
        ("OPCERT", "operating_certificate"),
        ("RID", "remote_id"),
    ],
)
def test_papers_are_asked_for_and_a_no_forbids(patrol, rule, key):
    assert patrol().found(rule) == []
    assert patrol().operator(**{key: ""}).found(rule) == ["warning"]
    assert patrol().operator(**{key: "none"}).found(rule) == ["blocker"]


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        ("OPCERT", "operating_certificate_valid_to"),
        ("LICENCE", "pilot_licence_valid_to"),
        ("INSURANCE", "insurance_valid_to"),
    ],
)
def test_expired_papers_forbid(patrol, rule, key):
    heavier = patrol().aircraft(mass_kg=5.0)
    assert heavier.found(rule) == []
    assert heavier.operator(**{key: "2026-05-17"}).found(rule) == ["blocker"]
    assert heavier.operator(**{key: "2026-05-18"}).found(rule) == []
    assert heavier.operator(**{key: "next year"}).found(rule) == ["warning"]


def test_licence_by_class_and_airspace(patrol):
    assert patrol().operator(pilot_licence="", pilot_training="").found("LICENCE") == []
    assert patrol().aircraft(mass_kg=5.0).operator(pilot_licence="").found("LICENCE") == ["warning"]
    assert patrol(height_m=125.0).operator(pilot_training="").found("LICENCE") == ["warning"]
    assert patrol(height_m=125.0).found("LICENCE") == []


def test_insurance_by_purpose_and_class(patrol):
    assert patrol().operator(insurance="").found("INSURANCE") == []
    assert patrol().operator(insurance="", purpose="commercial").found("INSURANCE") == ["warning"]
    assert patrol().aircraft(mass_kg=5.0).operator(insurance="no").found("INSURANCE") == ["blocker"]


def test_identification_needs_network_and_broadcast(patrol):
    assert patrol().operator(remote_id="broadcast").found("RID") == ["blocker"]
    assert patrol().operator(remote_id="网络、广播").found("RID") == []
    assert patrol().aircraft(mass_kg=0.2).operator(remote_id="").found("RID") == []


def test_fence_data_are_fresh(patrol):
    assert patrol().operator(geofence_updated_at="2026-05-16T08:00:00+08:00").found("GEOFENCE_FRESH") == ["warning"]
    assert patrol().operator(geofence_updated_at="").found("GEOFENCE_FRESH") == ["warning"]
    assert patrol().found("GEOFENCE_FRESH") == []


def test_photos_must_not_show_sensitive_sites_even_beside_the_track(patrol, at_metres):
    beside = at_metres(-135, 200, -125, 210)  # 25 m beside the leg; photos reach 40 m
    assert "SENSITIVE" in patrol().zone(beside, ZoneKind.SENSITIVE).blockers()
    assert "SENSITIVE" in patrol().zone(beside, ZoneKind.SENSITIVE).approved("SENSITIVE").blockers()
    assert patrol().zone(at_metres(-200, 200, -180, 210), ZoneKind.SENSITIVE).found("SENSITIVE") == ["info"]
    assert patrol().zone(at_metres(-400, 200, -380, 210), ZoneKind.SENSITIVE).found("SENSITIVE") == []


def test_photos_over_lower_ground_show_more(patrol, at_metres):
    """25 m lower than the dock, photos of the same flight reach a third further."""
    beside = patrol().zone(at_metres(-165, 330, -158, 340), ZoneKind.SENSITIVE)
    assert "SENSITIVE" not in beside.blockers()
    assert "SENSITIVE" in on(beside, Slope(-0.08)).blockers()


def test_survey_products_need_a_qualification(patrol):
    assert patrol().operator(product="orthophoto").found("SURVEY") == ["warning"]
    assert patrol().operator(product="正射影像", surveying_qualification="Q-1").found("SURVEY") == ["info"]
    assert patrol().found("SURVEY") == ["info"]
