"""What a person sees: progress, notes and errors on stderr; the result, and nothing else, on stdout."""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import typer

from dronepatrol.errors import InputError, StoppedError
from dronepatrol.model.batch import Skipped
from dronepatrol.model.progress import Progress, Report

LANGUAGES = ("zh", "en")
PARTLY_DONE = 3
_NAMED_AT_MOST = 20
_EVERY_S = 10.0


def language(lang: str) -> str:
    """Return the language if there are labels in it."""
    if lang not in LANGUAGES:
        msg = f"--lang {lang}: expected one of {', '.join(LANGUAGES)}"
        raise InputError(msg)
    return lang


def note(text: str) -> None:
    """Say something that is not the result."""
    typer.echo(text, err=True)


@contextmanager
def progress() -> Iterator[Report]:
    """Yield a report that draws bars on a terminal, and one line per stage elsewhere.

    Raises
    ------
    StoppedError
        When the operator presses Ctrl-C and nobody below dealt with it.
    """
    try:
        with _bars() if sys.stderr.isatty() else nullcontext(_Lines()) as report:
            yield report
    except KeyboardInterrupt as error:
        msg = "stopped by the operator"
        raise StoppedError(msg, hint="what was written is whole; run the same command again") from error


@contextmanager
def _bars() -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.fields[stage]:>8}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Bars(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def draw(step: Progress) -> None:
            for earlier in [] if step.stage in tasks else list(tasks.values()):
                bars.stop_task(earlier)
            if step.stage not in tasks:
                tasks[step.stage] = bars.add_task(step.note, stage=step.stage, total=None)
            bars.update(
                tasks[step.stage],
                total=int(step.total) or None,
                completed=int(step.done),
                description=step.note or bars.tasks[tasks[step.stage]].description,
            )

        yield draw


class _Lines:
    """One line when a stage starts, one when it has all its items, and one every :data:`_EVERY_S` in between.

    Stages whose number of items is not known say what they do next.
    """

    def __init__(self) -> None:
        self._stage = ""
        self._complete = False
        self._said_s = 0.0

    def __call__(self, step: Progress) -> None:
        now_s = time.monotonic()
        done = bool(step.total) and step.done >= step.total
        if step.stage != self._stage:
            self._stage, self._complete = step.stage, False
        elif self._complete or (not done and now_s - self._said_s < _EVERY_S):
            return
        self._complete, self._said_s = self._complete or done, now_s
        count = f"{step.done:g} of {step.total:g} " if step.total and step.done else ""
        note(f"{step.stage}: {count}{step.note or ('' if count else 'started')}".rstrip())


def finish(result: dict[str, Any], text: str, skipped: Sequence[Skipped], *, as_json: bool) -> None:
    """Print the result; name what was skipped and exit with 3 if anything was."""
    typer.echo(json.dumps(result, ensure_ascii=False, indent=2) if as_json else text)
    for skip in skipped[:_NAMED_AT_MOST]:
        note(f"skipped: {skip.item}: {skip.reason}" + (f" ({skip.hint})" if skip.hint else ""))
    if len(skipped) > _NAMED_AT_MOST:
        note(f"skipped: and {len(skipped) - _NAMED_AT_MOST} more")
    if skipped:
        raise typer.Exit(PARTLY_DONE)
