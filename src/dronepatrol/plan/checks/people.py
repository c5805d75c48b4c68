"""Rules that nothing in a plan shows: a person must, and may say by a written reference that it is seen to."""

from collections.abc import Iterator

from dronepatrol.model.mission import Finding
from dronepatrol.model.wording import Both, found
from dronepatrol.plan.checks.case import Case
from dronepatrol.plan.checks.papers import denies
from dronepatrol.plan.checks.rules import load_rules

_BY_A_PERSON = {
    "CROWD": Both(
        "ask what events there are, look before take-off, and apply where people gather below the route",
        "了解当日活动安排，起飞前察看；航线下方有人群聚集时提出申请",
    ),
    "AVOID": Both("watch the air and give way; agree beforehand who watches", "观察空域并主动避让；事先明确由谁观察"),
    "INCIDENT": Both(
        "report an abnormal event with a safety problem within 24 hours after landing",
        "发生异常且有安全问题的，降落后 24 小时内报告",
    ),
}


def by_a_person(case: Case) -> Iterator[Finding]:
    """CROWD, AVOID, INCIDENT: nothing in a plan shows them; a written reference says that a person has seen to it."""
    for rule_id, by_hand in _BY_A_PERSON.items():
        rule = load_rules()[rule_id]
        (key,) = rule.inputs
        stated, approved = case.operator(key), case.request.spec.approval(rule_id)
        if approved:
            message = Both(f"{rule.en}; approved: {approved}", f"{rule.zh}；已获批准：{approved}")
            yield found(rule_id, "info", message, Both("carry the approval", "随身携带批准文件"))
        elif stated and not denies(stated):
            message = Both(
                f"{rule.en}; seen to, as [operator] states: {stated}", f"{rule.zh}；[operator] 已声明：{stated}"
            )
            yield found(rule_id, "info", message, Both("do as stated", "按声明执行"))
        else:
            message = Both(
                f"cannot be checked from a plan, a person must: {rule.en}", f"无法由计划检查，须由人员确认：{rule.zh}"
            )
            todo = by_hand + Both(
                f"; then state in [operator] {key} who did, when, and the reference",
                f"；并在 [operator] 的 {key} 中写明由谁、何时、依据",
            )
            yield found(rule_id, "info", message, todo)
