"""Progress off a terminal: a line when a stage starts, every ten seconds, and when it is done."""

import pytest

from dronepatrol.cli import console
from dronepatrol.model.progress import Progress


@pytest.fixture
def said(monkeypatch):
    """Return a function that reports at a second of a made-up clock, and the lines said so far."""
    clock, lines = [0.0], []
    monkeypatch.setattr(console.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(console, "note", lines.append)
    report = console._Lines()

    def step(second, done, total, text=""):
        clock[0] = second
        report(Progress("plan", done, total, text))

    return step, lines


def test_a_long_stage_says_where_it_is_every_ten_seconds(said):
    step, lines = said
    for second in range(35):
        step(second, second, 35, f"area {second}")
    step(35, 35, 35)
    step(50, 35, 35)
    assert lines == [
        "plan: area 0",
        "plan: 10 of 35 area 10",
        "plan: 20 of 35 area 20",
        "plan: 30 of 35 area 30",
        "plan: 35 of 35",
    ]


def test_a_stage_of_unknown_length_says_what_it_does(said):
    step, lines = said
    for second, text in ((0, "reading"), (1, "lanes"), (12, "sorties"), (13, "checks")):
        step(second, 0, 0, text)
    assert lines == ["plan: reading", "plan: sorties"]


def test_a_short_stage_has_a_first_and_a_last_line(said):
    step, lines = said
    step(0, 0, 2, "first")
    step(1, 1, 2, "second")
    step(2, 2, 2, "third")
    assert lines == ["plan: first", "plan: 2 of 2 third"]
