"""Written approvals in a patrol spec: ``SWARM = "reference"``, and by zone ``NFZ_POLY."zone id" = "reference"``."""

import json
from collections.abc import Mapping

from dronepatrol.model.patrol import APPROVABLE, APPROVABLE_BY_ZONE

_EXPECTED = ", ".join([*APPROVABLE, *(f'{rule}."zone id"' for rule in APPROVABLE_BY_ZONE)])


def flat(asked: object) -> object:
    """Return references by "rule" or "rule.zone id", from a table as TOML has it.

    Raises
    ------
    ValueError
        When a rule is none that an approval lifts, or a zone is named where none belongs or is missing.
    """
    if not isinstance(asked, dict):
        return asked  # for pydantic to refuse
    found: dict[str, object] = {}
    for rule, reference in asked.items():
        if rule in APPROVABLE and not isinstance(reference, dict):
            found[rule] = reference
        elif rule in APPROVABLE_BY_ZONE and isinstance(reference, dict):
            found |= {f"{rule}.{zone}": one for zone, one in reference.items()}
        elif rule in APPROVABLE:
            msg = f'a reference alone, as {rule} is about no zone: {rule} = "reference"'
            raise ValueError(msg)
        elif rule in APPROVABLE_BY_ZONE:
            msg = f'the zone that the approval is for: {rule}."zone id" = "reference"'
            raise ValueError(msg)
        else:
            msg = f"rules that an approval lifts ({_EXPECTED}); {str(rule)[:60]} is none"
            raise ValueError(msg)
    return found


def keys(approvals: Mapping[str, str]) -> dict[str, str]:
    """Return the same with keys as TOML writes them; a zone's id may be any text."""
    return {_key(name): reference for name, reference in approvals.items()}


def _key(name: str) -> str:
    rule, dot, zone = name.partition(".")
    return f"{rule}.{json.dumps(zone, ensure_ascii=False)}" if dot else rule
