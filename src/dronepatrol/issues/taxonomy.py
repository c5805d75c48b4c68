"""Which problem a thing on the ground may be, with its national code and the register that decides."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

from dronepatrol.model.issue import ProblemClass
from dronepatrol.model.patrol import RegisterKind


@dataclass(frozen=True, slots=True)
class Rule:
    """How a register decides: the thing is a problem ``inside`` or ``outside`` of the register's areas."""

    where: Literal["inside", "outside"]
    register: RegisterKind


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """All problems: by kind of thing seen, and what is typical of each kind.

    ``rule_of`` is by problem id and lacks problems that no register decides; ``object_height_m`` is the typical height
    of a kind's top above the ground, an assumption.
    """

    problems: tuple[ProblemClass, ...]
    problem_of: MappingProxyType[str, ProblemClass]
    rule_of: MappingProxyType[str, Rule]
    object_height_m: MappingProxyType[str, float]


@cache
def load_taxonomy() -> Taxonomy:
    """Return the taxonomy that comes with the package (``data/taxonomy.toml``)."""
    text = resources.files("dronepatrol.data").joinpath("taxonomy.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    problems: list[ProblemClass] = []
    problem_of: dict[str, ProblemClass] = {}
    rule_of: dict[str, Rule] = {}
    heights: dict[str, float] = {}
    for row in table["problem"]:
        problem = ProblemClass(
            id=row["id"],
            zh=row["zh"],
            en=row["en"],
            code=row["code"],
            code_system=table["code_system"],
            local_extension=row.get("local_extension", False),
        )
        problems.append(problem)
        if "rule" in row:
            rule_of[problem.id] = Rule(row["rule"], RegisterKind(row["register"]))
        problem_of |= dict.fromkeys(row["kinds"], problem)
        heights |= {kind: float(height) for kind, height in row["kinds"].items()}
    return Taxonomy(tuple(problems), MappingProxyType(problem_of), MappingProxyType(rule_of), MappingProxyType(heights))
