"""``dronepatrol check``."""

from dataclasses import asdict

from dronepatrol.cli.console import finish
from dronepatrol.cli.options import AsJson, Folder
from dronepatrol.errors import SafetyError
from dronepatrol.model.mission import Finding


def finding_line(finding: Finding) -> str:
    """Return a finding as one line."""
    return f"{finding.severity}: {finding.message}" + (f" ({finding.what_to_do})" if finding.what_to_do else "")


def check(folder: Folder, as_json: AsJson = False) -> None:
    """Show what the checks of a plan found. Exits with 4 while there is a blocker: then it must not be flown.

    Example: dronepatrol check xindai
    """
    from dronepatrol.store.folder import PatrolFolder
    from dronepatrol.store.mission import read_mission

    findings = read_mission(PatrolFolder(folder).mission).findings
    text = "\n".join(map(finding_line, findings)) or "nothing found"
    finish({"schema": "dronepatrol/checks/1", "findings": [asdict(f) for f in findings]}, text, [], as_json=as_json)
    blockers = [finding.message for finding in findings if finding.severity == "blocker"]
    if blockers:
        msg = f"{folder}: the plan has {len(blockers)} blockers: {'; '.join(blockers)}"
        raise SafetyError(msg, hint="do what they say and plan again")
