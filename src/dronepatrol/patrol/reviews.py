"""What people said about issues: a file of ids and statuses, as the map saves it or a case platform hands it back."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd

from dronepatrol.errors import InputError
from dronepatrol.model.issue import IssueStatus

Reviews = dict[str, IssueStatus]
"""Status by the id of each issue that somebody looked at: never ``SUSPECTED``."""

_MOST_BYTES = 256 * 1024 * 1024
_HINT = "give a CSV with the columns id and status, or a GeoJSON whose Features have these two properties"


def visit_of(patrol_id: str, shots: pd.DataFrame) -> str:
    """Return a name for one flying of a patrol: its id and when the first photo was taken.

    A patrol that is flown every week has one id, and what stands in one place may have one id in every week's issues.
    """
    first = shots["time_utc"].min()
    return f"{patrol_id}@{first:%Y%m%dT%H%M%SZ}" if pd.notna(first) else patrol_id


def read_reviews(path: Path) -> Reviews:
    """Return what the file says of each issue that somebody looked at.

    Raises
    ------
    InputError
        When the file cannot be read, has an unknown status, says two things of one issue, or holds no review.
    """
    reviews: Reviews = {}
    for number, row in enumerate(_rows(path), start=1):
        issue, text = row.get("id"), row.get("status")
        if not isinstance(issue, str) or not issue or not isinstance(text, str) or text not in [*IssueStatus]:
            msg = f"{path}: entry {number}: id {issue!r}, status {text!r}; expected one of {', '.join(IssueStatus)}"
            raise InputError(msg, hint=_HINT)
        status = IssueStatus(text)
        if status is IssueStatus.SUSPECTED:
            continue
        before = reviews.setdefault(issue, status)
        if before is not status:
            msg = f"{path}: entry {number}: {issue} is {status}, but was {before} before; expected one status"
            raise InputError(msg, hint="leave one status for each issue")
    if not reviews:
        msg = f"{path}: no reviewed issue; expected at least one that is confirmed, allowed or rejected"
        raise InputError(msg, hint=_HINT)
    return reviews


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            msg = f"{path}: larger than {_MOST_BYTES >> 20} MiB; expected reviews"
            raise InputError(msg, hint=_HINT)
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read()
        if not text.lstrip().startswith("{"):
            return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
        features = json.loads(text)["features"]
        return [dict(feature["properties"]) for feature in features]
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror or error}"
        raise InputError(msg, hint=_HINT) from error
    except (ValueError, KeyError, TypeError, RecursionError, csv.Error) as error:
        msg = f"{path}: is neither CSV nor a FeatureCollection: {error}"
        raise InputError(msg, hint=_HINT) from error
