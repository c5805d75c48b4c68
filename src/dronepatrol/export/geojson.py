"""Issues as GeoJSON (RFC 7946), written and read back; ``docs/schema/issues.schema.json`` describes every member."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from dronepatrol.errors import InputError
from dronepatrol.geo.ellipse import CHI2_95_2D
from dronepatrol.model.issue import Ellipse95, Evidence, Issue, IssueStatus, ProblemClass

COORDINATE_SYSTEM = "WGS 84 (CRS84), equal to CGCS2000 within its uncertainty"

_MOST_BYTES = 256 * 1024 * 1024


def issues_geojson(issues: Sequence[Issue], *, patrol_id: str, generated: datetime) -> str:
    """Return the issues as a FeatureCollection, one Feature per issue.

    Parameters
    ----------
    issues
        In the order in which they appear.
    patrol_id
        The patrol they are from.
    generated
        When the file was made, aware.
    """
    collection = {
        "type": "FeatureCollection",
        "patrol_id": patrol_id,
        "generated": _utc(generated),
        "features": [_feature(issue) for issue in issues],
    }
    return json.dumps(collection, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _feature(issue: Issue) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": issue.id,
        "geometry": {"type": "Point", "coordinates": [round(issue.lon_deg, 7), round(issue.lat_deg, 7)]},
        "properties": _properties(issue),
    }


def _properties(issue: Issue) -> dict[str, Any]:
    ellipse = issue.ellipse95
    return {
        "id": issue.id,
        "class": issue.problem.id,
        "class_zh": issue.problem.zh,
        "class_en": issue.problem.en,
        "code": issue.problem.code,
        "code_system": issue.problem.code_system,
        "local_extension": issue.problem.local_extension,
        "confidence": round(issue.confidence, 4),
        "status": issue.status.value,
        "error95_m": round(issue.error95_m, 3),
        "ellipse95": {
            "semi_major_m": round(ellipse.semi_major_m, 3),
            "semi_minor_m": round(ellipse.semi_minor_m, 3),
            "azimuth_deg": round(ellipse.azimuth_deg, 1) % 180.0,
        },
        "first_seen": _utc(issue.first_seen),
        "last_seen": _utc(issue.last_seen),
        "town": issue.town,
        "observations": issue.observations,
        "length_m": round(issue.length_m, 2),
        "width_m": round(issue.width_m, 2),
        "moving": issue.moving,
        "rule": issue.rule,
        "evidence": [_evidence(evidence) for evidence in issue.evidence],
        "coordinate_system": COORDINATE_SYSTEM,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "shot": evidence.shot_id,
        "photo": evidence.photo,
        "xyxy_px": [round(value, 1) for value in evidence.xyxy_px],
        "score": round(evidence.score, 4),
        "crop": evidence.crop or None,
    }


def _utc(when: datetime | None) -> str | None:
    """Return ISO 8601 in UTC to the millisecond, as "2026-11-20T01:00:00.000Z"."""
    if when is None:
        return None
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _finite(value: float) -> float:
    if not np.isfinite(value):
        msg = "must be a finite number"
        raise ValueError(msg)
    return value


_Number = Annotated[float, AfterValidator(_finite)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Length = Annotated[_Number, Field(ge=0)]
_Text = Annotated[str, Field(max_length=2000)]


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _EllipseRead(_Read):
    semi_major_m: _Length
    semi_minor_m: _Length
    azimuth_deg: Annotated[float, Field(ge=0, lt=180)]


class _EvidenceRead(_Read):
    shot: _Text
    photo: _Text
    xyxy_px: tuple[_Number, _Number, _Number, _Number]
    score: _Share
    crop: _Text | None


class _PropertiesRead(_Read):
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,199}$")]  # it becomes a file name
    problem: Annotated[_Text, Field(alias="class")]
    class_zh: _Text
    class_en: _Text
    code: _Text
    code_system: _Text
    local_extension: bool
    confidence: _Share
    status: IssueStatus
    error95_m: _Length
    ellipse95: _EllipseRead
    first_seen: AwareDatetime | None
    last_seen: AwareDatetime | None
    town: _Text | None
    observations: Annotated[int, Field(ge=1)]
    length_m: _Length
    width_m: _Length
    moving: bool = False
    rule: _Text
    evidence: tuple[_EvidenceRead, ...]


class _PointRead(_Read):
    type: Literal["Point"]
    coordinates: tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]]


class _FeatureRead(_Read):
    type: Literal["Feature"]
    geometry: _PointRead
    properties: _PropertiesRead


class _CollectionRead(_Read):
    type: Literal["FeatureCollection"]
    patrol_id: _Text
    features: tuple[_FeatureRead, ...]


@dataclass(frozen=True, slots=True)
class IssueFile:
    """What a file of issues holds."""

    patrol_id: str
    issues: list[Issue]


def read_issues_geojson(path: Path) -> IssueFile:
    """Return what a file holds that :func:`issues_geojson` wrote.

    Raises
    ------
    InputError
        When the file cannot be read, is larger than 256 MiB, or is not such a file; the message names the first fault.
    """
    hint = "remove it and run `dronepatrol issues FOLDER`"
    try:
        if path.stat().st_size > _MOST_BYTES:
            msg = f"{path} is larger than {_MOST_BYTES >> 20} MiB; expected the issues of one patrol"
            raise InputError(msg, hint=hint)
        collection = _CollectionRead.model_validate_json(path.read_bytes())
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror or error}"
        raise InputError(msg, hint=hint) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "its text"
        msg = f"{path} is not a file of issues: {where}: {first['msg']}"
        raise InputError(msg, hint=hint) from error
    return IssueFile(collection.patrol_id, [_issue(feature) for feature in collection.features])


def _issue(feature: _FeatureRead) -> Issue:
    read, (lon_deg, lat_deg) = feature.properties, feature.geometry.coordinates
    ellipse = Ellipse95(read.ellipse95.semi_major_m, read.ellipse95.semi_minor_m, read.ellipse95.azimuth_deg)
    return Issue(
        id=read.id,
        problem=ProblemClass(
            read.problem, read.class_zh, read.class_en, read.code, read.code_system, read.local_extension
        ),
        lon_deg=lon_deg,
        lat_deg=lat_deg,
        covariance_en_m2=_covariance(ellipse),
        error95_m=read.error95_m,
        ellipse95=ellipse,
        confidence=read.confidence,
        status=read.status,
        first_seen=read.first_seen,
        last_seen=read.last_seen,
        town=read.town,
        observations=read.observations,
        length_m=read.length_m,
        width_m=read.width_m,
        rule=read.rule,
        moving=read.moving,
        evidence=tuple(Evidence(e.shot, e.photo, e.xyxy_px, e.score, e.crop or "") for e in read.evidence),
    )


def _covariance(ellipse: Ellipse95) -> tuple[float, float, float]:
    """Return the covariance that has this ellipse."""
    azimuth = np.radians(ellipse.azimuth_deg)
    along, across = ellipse.semi_major_m**2 / CHI2_95_2D, ellipse.semi_minor_m**2 / CHI2_95_2D
    sin, cos = float(np.sin(azimuth)), float(np.cos(azimuth))
    return along * sin**2 + across * cos**2, (along - across) * sin * cos, along * cos**2 + across * sin**2
