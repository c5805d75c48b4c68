"""issues.geojson: written to its schema, read back, and hostile files refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.errors import InputError
from dronepatrol.export.geojson import issues_geojson, read_issues_geojson

GENERATED = datetime(2026, 11, 20, 8, 0, tzinfo=timezone(timedelta(hours=8)))


@pytest.fixture(scope="module")
def schema(request):
    text = (request.config.rootpath / "docs" / "schema" / "issues.schema.json").read_text(encoding="utf-8")
    loaded = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(loaded)
    return jsonschema.Draft202012Validator(loaded, format_checker=jsonschema.FormatChecker())


def written(issues) -> dict:
    return json.loads(issues_geojson(issues, patrol_id="p", generated=GENERATED))


def test_every_export_keeps_its_schema(schema, make) -> None:
    issues = [make.issue(number) for number in range(40)]
    issues.append(make.issue(41, first_seen=None, last_seen=None, town=None))
    collection = written(issues)
    schema.validate(collection)
    assert collection["generated"] == "2026-11-20T00:00:00.000Z"
    assert [feature["id"] for feature in collection["features"]] == [issue.id for issue in issues]
    schema.validate(written([]))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("features", 0, "properties", "confidence"), 1.5),
        (("features", 0, "properties", "code"), "901"),
        (("features", 0, "properties", "first_seen"), "2026-11-20 01:00"),
        (("features", 0, "properties", "extra"), 1),
        (("features", 0, "geometry", "coordinates"), [121.0, 30.0, 2.0]),
        (("features", 0, "properties", "evidence"), []),
    ],
)
def test_the_schema_is_strict(schema, make, path, value) -> None:
    collection = written([make.issue()])
    at = collection
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert not schema.is_valid(collection)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.text(max_size=20), st.floats(-180, 180), st.floats(-90, 90))
def test_what_is_written_is_read_back(tmp_path_factory, make, number, text, lon, lat) -> None:
    issue = make.issue(number, town=text, rule=text + "x", lon_deg=lon, lat_deg=lat)
    path = tmp_path_factory.mktemp("read") / "issues.geojson"
    path.write_text(issues_geojson([issue], patrol_id="p", generated=GENERATED), encoding="utf-8")
    (read,) = read_issues_geojson(path).issues
    assert read.covariance_en_m2 == pytest.approx(issue.covariance_en_m2, abs=0.02)
    assert (read.lon_deg, read.lat_deg) == pytest.approx((lon, lat), abs=1e-7)
    assert (read.id, read.town, read.rule, read.first_seen) == (issue.id, text, text + "x", issue.first_seen)
    again = issues_geojson([read], patrol_id="p", generated=GENERATED)
    assert again == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"[]",
        b"{}",
        b'{"type": "FeatureCollection", "features": [{}]}',
        b"[" * 100_000,
        b'{"type": "FeatureCollection", "features": 7}',
    ],
)
def test_hostile_files_are_refused_in_one_line(tmp_path, content) -> None:
    path = tmp_path / "issues.geojson"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_issues_geojson(path)
    assert "issues.geojson" in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("name", ["../../evil", "a/b", ".hidden", "", "a b"])
def test_an_id_that_could_leave_the_folder_is_refused(tmp_path, make, name) -> None:
    path = tmp_path / "issues.geojson"
    text = issues_geojson([replace(make.issue(), id=name)], patrol_id="p", generated=datetime.now(UTC))
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="id"):
        read_issues_geojson(path)


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        read_issues_geojson(tmp_path / "nowhere.geojson")
