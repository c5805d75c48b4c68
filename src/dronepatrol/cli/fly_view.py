"""What an operator sees of flights under way: a live table on a terminal, or one JSON object per line."""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from dronepatrol.fly.events import FlyEvent
from dronepatrol.model.progress import Progress

if TYPE_CHECKING:
    from rich.console import Group

SCHEMA = "dronepatrol/fly-event/1"
_NEWS_KEPT = 8
_COLUMNS = ("drone", "sortie", "phase", "photos", "battery", "time left", "height", "speed", "position")


def json_line(event: FlyEvent) -> str:
    """Return an event as one line of JSON; ``docs/fly.md`` describes it."""
    fields = {name: round(value, 7) if isinstance(value, float) else value for name, value in asdict(event).items()}
    return json.dumps({"schema": SCHEMA} | fields, ensure_ascii=False)


def print_json(event: FlyEvent) -> None:
    """Write an event to stdout at once, for whoever reads line by line."""
    typer.echo(json_line(event))


class FlightTable:
    """The latest of every flight, the last news, and a ``footer``."""

    def __init__(self) -> None:
        self.footer = ""
        self._latest: dict[str, FlyEvent] = {}
        self._news: deque[str] = deque(maxlen=_NEWS_KEPT)

    def hear(self, event: FlyEvent) -> None:
        """Take in what a flight tells."""
        self._latest[event.sortie_id] = event
        if event.text:
            self.note(f"{event.sortie_id}: {event.text}")

    def note(self, text: str) -> None:
        """Take in news."""
        self._news.append(text)

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table's rows as text, one per sortie, in the order of their starts."""
        return [_row(event) for event in self._latest.values()]

    def drawn(self) -> "Group":
        """Return what rich draws: the table, the news, the keys."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(*_COLUMNS, box=None, padding=(0, 1), header_style="bold")
        for row in self.rows():
            table.add_row(*row)
        return Group(table, *(Text(line) for line in self._news), Text(self.footer, style="dim"))


@contextmanager
def live(table: FlightTable) -> Iterator[Any]:
    """Draw the table on stderr a few times a second; yield what takes the progress of the flights."""
    from rich.console import Console
    from rich.live import Live

    with Live(get_renderable=table.drawn, console=Console(stderr=True), refresh_per_second=4):

        def report(step: Progress) -> None:
            if not step.total:
                table.note(step.note)

        yield report


def _row(event: FlyEvent) -> tuple[str, ...]:
    planned = f" (plan {event.planned_share:.0%})" if event.planned_share is not None else ""
    battery = "–" if event.battery_share is None else f"{event.battery_share:.0%}{planned}"
    place = "–" if event.lon_deg is None else f"{event.lon_deg:.6f}, {event.lat_deg:.6f}"
    return (
        event.drone or "–",
        event.sortie_id,
        event.phase.value,
        f"{event.photos}/{event.planned_photos}",
        battery,
        "–" if event.time_left_s is None else f"{event.time_left_s / 60:.1f} min",
        "–" if event.height_m is None else f"{event.height_m:.0f} m",
        "–" if event.speed_m_s is None else f"{event.speed_m_s:.1f} m/s",
        place,
    )
