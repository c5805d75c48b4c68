"""``dronepatrol dataset`` as it is typed: exit codes, one JSON document on stdout, errors that name what was found."""

import json
import subprocess
import sys
from dataclasses import dataclass

import pytest
from tests.export.conftest import PHOTOS
from typer.testing import CliRunner

from dronepatrol.cli.app import app
from dronepatrol.errors import DronePatrolError


@dataclass
class Said:
    code: int
    out: str
    err: str


@pytest.fixture
def dataset(patrol):
    """Return a function that runs the verb on the patrol."""

    def run(*arguments):
        out = patrol.root.parent / "out"
        done = CliRunner().invoke(app, ["dataset", str(patrol.root), "--out", str(out), *map(str, arguments)])
        error = done.exception
        if isinstance(error, DronePatrolError):  # the process edge prints it and exits with its code
            return Said(error.exit_code, done.stdout, str(error))
        return Said(done.exit_code, done.stdout, done.stderr)

    return run


def _nothing_written(patrol):
    return not (patrol.root.parent / "out").exists()


def test_done_is_zero_and_one_document(patrol, dataset):
    said = dataset("--json")
    assert said.code == 0
    found = json.loads(said.out)
    assert found["schema"] == "dronepatrol/dataset/2"
    assert sum(found["photos"].values()) + found["between"] == PHOTOS - 1
    assert (found["test_from"], found["skipped"]) == (None, [])
    assert "skipped" not in said.err


def test_the_summary_in_words(patrol, dataset):
    said = dataset("--form", "yolo", "--test-from", "2026-11-20")
    assert said.code == 0
    assert "train      0 photos (0%)" in said.out
    assert "test      23 photos (100%)" in said.out
    assert "test has all photos from 2026-11-20 on; 0 of its 23 show places that train shows" in said.out
    assert "note: no photo in train; review more places, or give a later --test-from" in said.out


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("id,status\na,perhaps\n", ["entry 1: id 'a', status 'perhaps'", "suspected, confirmed, allowed, rejected"]),
        ("id,status\na,confirmed\na,rejected\n", ["entry 2: a is rejected, but was confirmed before"]),
        ("", ["no reviewed issue"]),
        ("号,状态\n甲,属实\n", ["entry 1: id None, status None", "columns id and status"]),
    ],
)
def test_bad_reviews_are_wrong_input(patrol, dataset, lines, expected):
    patrol.reviewed.write_text(lines, encoding="utf-8")
    said = dataset("--json")
    assert (said.code, said.out) == (2, "")
    assert "reviewed.csv" in said.err
    assert all(part in said.err for part in expected)
    assert _nothing_written(patrol)


def test_a_file_of_reviews_that_is_not_there(patrol, dataset):
    said = dataset("--json", "--reviewed", patrol.root / "none.csv")
    assert (said.code, said.out) == (2, "")
    assert "none.csv: cannot be read: No such file" in said.err
    patrol.reviewed.unlink()
    said = dataset("--json")
    assert (said.code, said.out) == (2, "")
    assert "has no reviewed.csv" in said.err
    assert "map.html" in said.err
    assert _nothing_written(patrol)


@pytest.mark.parametrize("is_common", [False, True])
def test_reviews_of_no_issue_are_named_and_the_rest_is_done(patrol, dataset, is_common):
    patrol.reviewed.write_text(patrol.reviewed.read_text() + "elsewhere-1,confirmed\nelsewhere-2,suspected\n")
    said = dataset("--json", *(["--reviewed", patrol.reviewed] if is_common else []))
    assert said.code == 3
    found = json.loads(said.out)
    assert [skip["item"] for skip in found["skipped"]] == ["elsewhere-1"]
    assert sum(found["photos"].values()) == PHOTOS - 1
    assert "skipped: elsewhere-1: reviewed, but no issue of the patrols given" in said.err
    assert not _nothing_written(patrol)


def test_a_photo_that_is_gone_is_named_and_the_rest_is_done(patrol, dataset):
    (patrol.root / "photos/p0003.jpg").unlink()
    said = dataset("--json")
    assert said.code == 3
    found = json.loads(said.out)
    assert [skip["item"] for skip in found["skipped"]] == ["photos/p0003.jpg"]
    assert sum(found["photos"].values()) == PHOTOS - 2
    assert "skipped: photos/p0003.jpg: no such file" in said.err


def test_no_photo_at_all_is_a_failure(patrol, dataset):
    for photo in (patrol.root / "photos").iterdir():
        photo.unlink()
    said = dataset("--json")
    assert (said.code, said.out) == (1, "")
    assert "none of the reviewed photos can be used; the first: no such file" in said.err
    assert _nothing_written(patrol)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("18.05.2026", "--test-from '18.05.2026': expected a day such as 2026-05-18"),
        ("2026-02-30", "--test-from '2026-02-30': expected a day"),
        ("", "--test-from '': expected a day"),
        ("2026-11-20T09:00", "without a time"),
        ("2026-11-20T09:00+08:00", "without a time"),
        ("2026-11-21", "no reviewed photo was taken from 2026-11-21 on: of 23, the last is of 2026-11-20"),
    ],
)
def test_a_day_that_is_none_is_wrong_input(patrol, dataset, day, expected):
    said = dataset("--json", "--test-from", day)
    assert (said.code, said.out) == (2, "")
    assert expected in said.err
    assert _nothing_written(patrol)


def test_the_process_says_it_in_two_lines(patrol):
    command = [sys.executable, "-m", "dronepatrol", "dataset", str(patrol.root), "--out", "out", "--test-from", "soon"]
    done = subprocess.run(command, cwd=patrol.root.parent, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "error: --test-from 'soon': expected a day such as 2026-05-18, without a time",
        "next:  a day starts at midnight in Asia/Shanghai",
    ]
