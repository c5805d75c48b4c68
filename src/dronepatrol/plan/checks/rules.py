"""The rules that come with the package: what they ask, and what a breach of each means."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

LIFTED_BY_APPROVAL = frozenset({"block_without_approval", "needs_application"})
_FORBIDDING = LIFTED_BY_APPROVAL | {"block"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; the texts are our own wording of it."""

    id: str
    article: str
    severity: str  # the rule's own word; see the head of data/rules/uav_cn.toml
    checked: str  # "plan", "operator" or "person"
    zh: str
    en: str
    inputs: tuple[str, ...]  # keys of the spec's [operator]

    @property
    def breach(self) -> str:
        """Severity of a finding that the rule is broken."""
        return "blocker" if self.severity in _FORBIDDING else "info" if self.severity in ("info", "todo") else "warning"

    @property
    def approvable(self) -> bool:
        """Whether a written approval lifts it."""
        return self.severity in LIFTED_BY_APPROVAL


@cache
def load_rules() -> MappingProxyType[str, Rule]:
    """Return the rules by id, in their own order (``data/rules/uav_cn.toml``)."""
    text = resources.files("dronepatrol.data").joinpath("rules/uav_cn.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["rule"]
    return MappingProxyType({row["id"]: Rule(**(row | {"inputs": tuple(row["inputs"])})) for row in rows})
