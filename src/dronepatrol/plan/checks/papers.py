"""Rules about papers and deadlines, from what [operator] states: what is missing is said, never guessed."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dronepatrol.model.mission import Finding
from dronepatrol.model.patrol import ZoneKind
from dronepatrol.model.wording import Both, found
from dronepatrol.plan.checks.aircraft import CLASS_ZH, Class, class_of
from dronepatrol.plan.checks.case import Case
from dronepatrol.plan.checks.rules import load_rules

LOCAL_TIME = ZoneInfo("Asia/Shanghai")
NOON = time(12, 0)
REPORT_BEFORE = timedelta(hours=1)
FENCE_DATA_FRESH = timedelta(hours=24)
"""How old fence data may be: a default of ours; the law says "before the flight"."""
NOTHING = Both("nothing to do", "无需处理")
_NO = re.compile(r"(?:no|none|false|not yet)(?=$|[\s,;，；](?!\s*\d))|(?:否|无)(?=$|[\s,;，；])|未", re.IGNORECASE)


def denies(stated: str) -> bool:
    """Return whether what an operator states says that something is not there."""
    return _NO.match(stated) is not None


def registration(case: Case) -> Iterator[Finding]:
    """REG: registered and activated."""
    yield from _stated(case, "REG", "registration", Both("the aircraft's registration number", "无人机登记号"))
    what = Both('that the aircraft is activated, activated = "yes"', '无人机已激活（activated = "yes"）')
    yield from _stated(case, "REG", "activated", what)


def operating_certificate(case: Case) -> Iterator[Finding]:
    """OPCERT: for all but micro."""
    if class_of(case) is not Class.MICRO:
        what = Both("the number of the operating certificate", "运营合格证编号")
        yield from _stated(case, "OPCERT", "operating_certificate", what)
        yield from _valid(case, "OPCERT", "operating_certificate_valid_to")


def licence(case: Case) -> Iterator[Finding]:
    """LICENCE: by class, and for light drones in controlled airspace."""
    counted = class_of(case)
    if counted in (Class.SMALL, Class.MEDIUM, Class.LARGE):
        needed = Both(
            f"the pilot's licence, needed for a {counted} drone", f"操控{CLASS_ZH[counted]}无人机所需的操控员执照"
        )
        yield from _stated(case, "LICENCE", "pilot_licence", needed)
        yield from _valid(case, "LICENCE", "pilot_licence_valid_to")
    elif counted is Class.LIGHT and _in_controlled_airspace(case):
        needed = Both(
            "the adult pilot's training, needed for a light drone in controlled airspace",
            "在管制空域操控轻型无人机所需的成年人培训合格证明",
        )
        yield from _stated(case, "LICENCE", "pilot_training", needed)


def insurance(case: Case) -> Iterator[Finding]:
    """INSURANCE: commercial flights, and all of small drones and larger ones."""
    purpose = case.operator("purpose").lower()
    always = class_of(case) not in (Class.MICRO, Class.LIGHT)
    if always or purpose != "non-commercial":
        needed = Both("the liability insurance", "责任保险")
        if not always:
            needed += Both(
                '; a non-commercial flight of this class states purpose = "non-commercial"',
                '（该类别的非经营性飞行可写明 purpose = "non-commercial"）',
            )
        yield from _stated(case, "INSURANCE", "insurance", needed)
        yield from _valid(case, "INSURANCE", "insurance_valid_to")


def remote_id(case: Case) -> Iterator[Finding]:
    """RID: identification over the network and by broadcast."""
    if class_of(case) is Class.MICRO:
        return
    needed = Both(
        'how it identifies itself, such as remote_id = "network, broadcast"',
        '识别信息的发送方式，如 remote_id = "network, broadcast"',
    )
    yield from _stated(case, "RID", "remote_id", needed)
    stated = case.operator("remote_id").lower()
    lacking = [
        one for one, zh in (("network", "网络"), ("broadcast", "广播")) if one not in stated and zh not in stated
    ]
    if stated and not denies(stated) and lacking:
        message = Both(
            f"remote_id = {stated!r} lacks {' and '.join(lacking)}",
            f"remote_id = {stated!r} 缺少 {'、'.join(lacking)}",
        )
        todo = Both(
            "equip the aircraft; an old one that cannot report needs an application",
            "加装识别设备；不能报送的老旧机型须提出申请",
        )
        yield case.breach("RID", message, todo)


def application(case: Case, so_far: tuple[Finding, ...]) -> Iterator[Finding]:
    """APPLY_BY, CONFIRM_1H and DOSSIER: only where an application is needed, which the other findings tell."""
    needing = sorted({finding.rule for finding in so_far if _needs_application(finding)})
    if class_of(case) in (Class.MEDIUM, Class.LARGE):
        needing.append("CLASS")
    if not needing:
        yield from _no_application()
        return
    start = case.request.spec.start.astimezone(LOCAL_TIME)
    why = Both(f"an application is needed ({', '.join(needing)})", f"须提出飞行活动申请（{'、'.join(needing)}）")
    deadline = datetime.combine(start.date() - timedelta(days=1), NOON, LOCAL_TIME)
    yield from _before(case, "APPLY_BY", "filed_at", deadline, why)
    why += Both("; report and confirmation", "；起飞前报告并经确认")
    yield from _before(case, "CONFIRM_1H", "confirmed_at", start - REPORT_BEFORE, why)
    yield from _dossier(case)


def fence_data(case: Case) -> Iterator[Finding]:
    """GEOFENCE_FRESH: the aircraft's own fence data."""
    updated = _moment(case, "geofence_updated_at")
    start = case.request.spec.start
    if updated is None:
        message = Both(
            "when the aircraft's own fence data were updated is not stated", "未说明无人机电子围栏数据的更新时间"
        )
        todo = Both(
            "update them before the flight, and state geofence_updated_at in [operator]",
            "飞行前更新，并在 [operator] 中写明 geofence_updated_at",
        )
        yield case.breach("GEOFENCE_FRESH", message, todo)
    elif not start - FENCE_DATA_FRESH <= updated <= start:
        message = Both(
            f"fence data of {updated:%Y-%m-%d %H:%M %z}; at most 24 hours (our default) before take-off",
            f"电子围栏数据更新于 {updated:%Y-%m-%d %H:%M %z}；应在起飞前 24 小时内（本软件默认值）",
        )
        yield case.breach("GEOFENCE_FRESH", message, Both("update them before the flight", "飞行前更新"))


def survey(case: Case) -> Iterator[Finding]:
    """SURVEY: what the photos are made into."""
    product = case.operator("product")
    surveys = any(word in product.lower() for word in ("survey", "orthophoto", "map", "测绘", "正射"))
    qualification = case.operator("surveying_qualification")
    if surveys and not qualification:
        message = Both(
            f"the product, {product}, may be a survey, which needs a surveying qualification; none is stated",
            f"成果“{product}”可能属于测绘成果，须具备测绘资质；未写明资质",
        )
        todo = Both(
            "state surveying_qualification in [operator], or ask",
            "在 [operator] 中写明 surveying_qualification，或咨询主管部门",
        )
        yield found("SURVEY", "warning", message, todo)
    elif surveys:
        message = Both(
            f"the product is a survey; qualification {qualification}", f"成果属于测绘成果；资质：{qualification}"
        )
        yield found("SURVEY", "info", message, Both("keep to what it covers", "不得超出资质范围"))
    else:
        message = Both(
            "photos of a patrol; whoever makes survey products of them needs a surveying qualification",
            "成果为巡查照片；据此制作测绘成果的单位须具备测绘资质",
        )
        todo = NOTHING if product else Both("state product in [operator]", "在 [operator] 中写明 product")
        yield found("SURVEY", "info", message, todo)


def _no_application() -> Iterator[Finding]:
    message = Both(
        "as far as the plan shows no application is needed: below 120 m and outside controlled airspace",
        "就计划而言无须申请：真高低于 120 米且在管制空域之外",
    )
    yield found("APPLY_BY", "info", message, Both("ask air traffic control where in doubt", "如有疑问向空管咨询"))
    message = Both("no approved flight, so no report an hour before take-off", "无须获批，故无须起飞前一小时报告")
    yield found("CONFIRM_1H", "info", message, NOTHING)
    message = Both(
        "no application, so no dossier is asked for (plan/dossier.html has one)",
        "无须申请，故不要求申请材料（plan/dossier.html 可供使用）",
    )
    yield found("DOSSIER", "info", message, NOTHING)


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
        message = Both(f"the application's dossier lacks {', '.join(missing)}", f"申请材料缺少 {'、'.join(missing)}")
        yield case.breach("DOSSIER", message, Both("state them in [operator]", "在 [operator] 中补充"))
    else:
        message = Both(
            "the application's dossier has all its items (plan/dossier.html)", "申请材料各项齐全（plan/dossier.html）"
        )
        yield found("DOSSIER", "info", message, Both("file it", "按时提交"))


def _stated(case: Case, rule_id: str, key: str, what: Both) -> Iterator[Finding]:
    """Find what is not stated (a person must look), and what is stated not to be there (it forbids the flight)."""
    stated = case.operator(key)
    if not stated:
        message = Both(f"not stated, so a person must check: {what.en}", f"未写明，须由人员核实：{what.zh}")
        todo = Both(f"state {key} in [operator]", f"在 [operator] 中写明 {key}")
        yield found(rule_id, "warning", message, todo)
    elif denies(stated):
        rule = load_rules()[rule_id]
        message = Both(f"{key} = {stated!r}; needed: {rule.en}", f"{key} = {stated!r}；要求：{rule.zh}")
        yield case.breach(rule_id, message, Both("get it before the flight", "飞行前办妥"))


def _valid(case: Case, rule_id: str, key: str) -> Iterator[Finding]:
    stated = case.operator(key)
    if not stated:
        return
    last = case.request.spec.start.astimezone(LOCAL_TIME).date()
    try:
        until = date.fromisoformat(stated)
    except ValueError:
        message = Both(f"{key} = {stated!r} is no date", f"{key} = {stated!r} 不是日期")
        yield found(rule_id, "warning", message, Both("write it like 2027-12-31", "写成 2027-12-31 的形式"))
        return
    if until < last:
        message = Both(f"{key} = {until}; the flight is on {last}", f"{key} = {until}；飞行日期为 {last}")
        yield case.breach(rule_id, message, Both("renew it before the flight", "飞行前续期"))


def _before(case: Case, rule_id: str, key: str, deadline: datetime, why: Both) -> Iterator[Finding]:
    moment = _moment(case, key)
    until = f"{deadline:%Y-%m-%d %H:%M %z}"
    due = why + Both(f" by {until}", f"，期限 {until}")
    if moment is None:
        message = due + Both(f"; {key} is not stated", f"；未写明 {key}")
        todo = Both(f"do it in time and state {key} in [operator]", f"按时办理，并在 [operator] 中写明 {key}")
        yield found(rule_id, "warning", message, todo)
    elif moment > deadline:
        message = due + Both(f"; {key} = {moment:%Y-%m-%d %H:%M %z}", f"；{key} = {moment:%Y-%m-%d %H:%M %z}")
        yield case.breach(rule_id, message, Both("fly on a later day", "改日飞行"))


def _moment(case: Case, key: str) -> datetime | None:
    """Return a stated moment; one without an offset from UTC is China's; None where none can be read."""
    try:
        moment = datetime.fromisoformat(case.operator(key))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=LOCAL_TIME)
