"""What people said about issues: a file of ids and statuses."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from dronepatrol.errors import InputError

STATUSES = {"confirmed": True, "allowed": True, "rejected": False, "suspected": None}
"""Status to whether the thing is there: an allowed one is there and no problem; of a suspected one nobody said."""
_MOST_BYTES = 256 * 1024 * 1024
_HINT = "give a CSV with the columns id and status, or a GeoJSON whose Features have these two properties"


def read_reviews(path: Path) -> dict[str, bool]:
    """Return, by the id of each reviewed issue, whether the thing is there.

    Raises
    ------
    InputError
        When the file cannot be read, has an unknown status, says two things of one issue, or holds no review.
    """
    reviews: dict[str, bool] = {}
    for number, row in enumerate(_rows(path), start=1):
        issue, status = row.get("id"), row.get("status")
        if not isinstance(issue, str) or not issue or not isinstance(status, str) or status not in STATUSES:
            msg = f"{path}: entry {number}: id {issue!r}, status {status!r}; expected one of {', '.join(STATUSES)}"
            raise InputError(msg, hint=_HINT)
        there = STATUSES[status]
        if there is None:
            continue
        if reviews.setdefault(issue, there) != there:
            msg = f"{path}: entry {number}: {issue} is {status}, but was said to be otherwise before"
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
        text = path.read_text("utf-8-sig")
        if not text.lstrip().startswith("{"):
            return list(csv.DictReader(io.StringIO(text), strict=True))
        features = json.loads(text)["features"]
        return [dict(feature["properties"]) for feature in features]
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror or error}"
        raise InputError(msg, hint=_HINT) from error
    except (ValueError, KeyError, TypeError, RecursionError, csv.Error) as error:
        msg = f"{path}: is neither CSV nor a FeatureCollection: {error}"
        raise InputError(msg, hint=_HINT) from error
