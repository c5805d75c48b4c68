"""Flies one sortie over a link: feeds the controller, gives its commands, keeps the record, watches for silence."""

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import FrameType, TracebackType
from typing import Any, Self

from dronepatrol.errors import DronePatrolError, LinkError, MissionRefusedError, SafetyError
from dronepatrol.fly.controller import advance, start
from dronepatrol.fly.link import (
    Answer,
    Arm,
    AttitudeReport,
    ClockReport,
    Heartbeat,
    LinkTrouble,
    PositionReport,
    StatusText,
    VehicleCommand,
    VehicleEvent,
    VehicleLink,
)
from dronepatrol.fly.record import FlightRecorder
from dronepatrol.fly.state import (
    Abort,
    CommandAnswered,
    GroundEvent,
    Leave,
    LinkLost,
    Phase,
    Refusal,
    SortieFlight,
)
from dronepatrol.model.flight import FlightLog

__all__ = ["FlyEvent", "Phase", "SortieFlight", "fly_sortie"]

SILENCE_S = 10.0
"""Wall-clock seconds without a heartbeat, or without the vehicle's clock, after which a vehicle counts as lost."""
_WAIT_S = 0.2
_REPORT_S = 0.25
_NOTICE = 5  # severity of texts worth showing
_REFUSALS: dict[Refusal, tuple[type[DronePatrolError], str]] = {
    Refusal.SAFETY: (SafetyError, "remedy it, then fly again"),
    Refusal.MISSION: (MissionRefusedError, "plan for this vehicle"),
    Refusal.LINK: (LinkError, "check the link, then fly again"),
}
_NO_ANSWER = Answer(accepted=False, reason="no answer")


@dataclass(frozen=True, slots=True)
class FlyEvent:
    """How the flight stands; ``text`` is news, empty where only the figures moved. Unknown figures are None.

    ``item`` counts to ``items``, the index of the last one; item 0 is home or the start.
    """

    sortie_id: str
    phase: Phase
    text: str
    photos: int
    planned_photos: int
    item: int
    items: int
    height_m: float | None
    battery_share: float | None


def fly_sortie(
    link: VehicleLink,
    plan: SortieFlight,
    *,
    simulated: bool,
    confirm_system_id: int | None,
    on_event: Callable[[FlyEvent], None],
) -> FlightLog:
    """Fly one sortie from a standing vehicle to a standing vehicle.

    Ctrl-C calls the vehicle back and goes on watching; a second one leaves, and the log says that the vehicle is
    unsupervised. The link is opened here and closed at the end.

    Parameters
    ----------
    link
        The vehicle.
    plan
        What to fly.
    simulated
        Whether the vehicle is a simulator. One that is not must be confirmed.
    confirm_system_id
        The system id that the operator confirmed, None for no confirmation.
    on_event
        Told how it goes, a few times a second.

    Raises
    ------
    SafetyError
        When a check forbids the flight, or a real vehicle was not confirmed. Nothing was armed.
    MissionRefusedError
        When the vehicle did not take the mission or the fence.
    LinkError
        When the vehicle does not answer, before it was armed.
    """
    if plan.blockers:
        msg = f"{plan.sortie_id}: the plan forbids the flight: {'; '.join(plan.blockers)}"
        raise SafetyError(msg, hint="change the plan until `dronepatrol check` finds no blocker")
    with link:
        _confirm(link, link.open(), simulated=simulated, confirmed=confirm_system_id)
        with _Interrupts() as interrupts:
            session = _Session(link, plan, on_event)
            try:
                session.run(interrupts)
            finally:
                session.make_safe()
    return replace(session.result(), stopped=interrupts.count > 0)


def _confirm(link: VehicleLink, system_id: int, *, simulated: bool, confirmed: int | None) -> None:
    if not simulated and confirmed != system_id:
        found = "nothing" if confirmed is None else f"system id {confirmed}"
        msg = f"{link.url}: this is a real vehicle, system id {system_id}; {found} was confirmed"
        raise SafetyError(msg, hint=f"if this vehicle may fly now, add --confirm {system_id}")


class _Interrupts:
    """Counts Ctrl-C instead of being torn out of a command by it; the second one does tear.

    Outside the main thread nothing is caught: there Python delivers none.
    """

    def __init__(self) -> None:
        self.count = 0
        self._previous: Any = None
        self._main = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Self:
        if self._main:
            self._previous = signal.signal(signal.SIGINT, self._caught)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._previous)

    def _caught(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        if self.count > 1:
            raise _SecondInterruptError


class _SecondInterruptError(KeyboardInterrupt):
    """Ctrl-C was pressed again."""


class _Session:
    def __init__(self, link: VehicleLink, plan: SortieFlight, on_event: Callable[[FlyEvent], None]) -> None:
        self._link = link
        self._plan = plan
        self._on_event = on_event
        self._state = start(plan)
        self._record = FlightRecorder()
        self._heartbeat_s = self._clock_s = self._reported_s = time.monotonic()
        self._phase: Phase | None = None

    def run(self, interrupts: _Interrupts) -> None:
        """Run until the flight has ended; interrupts become an abort, then leaving."""
        while self._state.ending is None:
            try:
                if interrupts.count > 1:
                    self._tell(Leave())
                elif interrupts.count and not self._state.abort:
                    self._tell(Abort("stopped by the operator"))
                self._hear(self._link.receive(_WAIT_S))
                self._watch_silence()
                self._report()
            except _SecondInterruptError:
                continue
            except KeyboardInterrupt:  # not through our handler: from a callback, or a debugger
                interrupts.count += 1
                if self._state.pending is not None:  # torn out of giving it: nobody knows whether it was heard
                    self._tell(CommandAnswered(self._state.pending, _NO_ANSWER, silent=True))
        self._hear(self._link.receive(0.0))
        self._report(self._state.ending.reason)

    def make_safe(self) -> None:
        """Bring the vehicle back if we leave because of an error of our own, as far as it obeys at once."""
        if self._state.ending is not None or not (self._state.armed or isinstance(self._state.pending, Arm)):
            return
        state = self._state
        commands: tuple[VehicleCommand, ...] = ()
        if state.pending is not None:
            state, commands = advance(state, CommandAnswered(state.pending, _NO_ANSWER, silent=True))
        state, more = advance(state, Abort("an error on the ground"))
        todo = deque((*commands, *more))
        while todo:
            command = todo.popleft()
            state, more = advance(state, self._answer(command))
            todo.extend(more)

    def _tell(self, event: GroundEvent) -> None:
        self._state, commands = advance(self._state, event)
        self._obey(commands)

    def _hear(self, events: Sequence[VehicleEvent]) -> None:
        self._obey(self._take_in(events))

    def _obey(self, commands: Sequence[VehicleCommand]) -> None:
        todo = deque(commands)
        while todo:
            command = todo.popleft()
            self._report()
            answered = self._answer(command)
            # what came before the answer is taken in before it; a refusal's reasons follow it
            todo.extend(self._take_in(self._link.receive(0.0 if answered.answer.accepted else _WAIT_S)))
            if isinstance(command, Arm) and answered.answer.accepted:
                self._record.arming()
            self._state, more = advance(self._state, answered)
            todo.extend(more)

    def _answer(self, command: VehicleCommand) -> CommandAnswered:
        try:
            return CommandAnswered(command, self._link.send(command))
        except LinkError as error:
            return CommandAnswered(command, Answer(accepted=False, reason=error.message), silent=True)

    def _take_in(self, events: Sequence[VehicleEvent]) -> list[VehicleCommand]:
        now_s = time.monotonic()
        todo: list[VehicleCommand] = []
        news: list[str] = []
        for event in events:
            self._record.add(event)
            self._state, commands = advance(self._state, event)
            todo.extend(commands)
            match event:
                case Heartbeat():
                    self._heartbeat_s = now_s
                case ClockReport() | PositionReport() | AttitudeReport():
                    self._clock_s = now_s
                case StatusText(severity, text) if severity <= _NOTICE:
                    news.append(text)
                case LinkTrouble(text):
                    news.append(text)
        for text in news:
            self._report(text)
        return todo

    def _watch_silence(self) -> None:
        now_s = time.monotonic()
        if now_s - self._heartbeat_s > SILENCE_S:
            self._tell(LinkLost(f"no heartbeat for {SILENCE_S:.0f} s"))
        elif now_s - self._clock_s > SILENCE_S and not self._state.armed:
            self._tell(LinkLost(f"heartbeats but no telemetry for {SILENCE_S:.0f} s"))

    def _report(self, text: str = "") -> None:
        now_s, state = time.monotonic(), self._state
        if not text and state.phase == self._phase and now_s - self._reported_s < _REPORT_S:
            return
        self._reported_s, self._phase = now_s, state.phase
        self._on_event(
            FlyEvent(
                sortie_id=self._plan.sortie_id,
                phase=state.phase,
                text=text,
                photos=self._record.photos,
                planned_photos=self._plan.planned_photos,
                item=max(0, state.current),
                items=len(self._plan.items) - 1,
                height_m=state.position.height_m if state.position else None,
                battery_share=state.battery_share,
            )
        )

    def result(self) -> FlightLog:
        """Return the log, or raise what the ending stands for."""
        ending = self._state.ending
        if ending is None:
            msg = f"{self._plan.sortie_id}: the flight has not ended"
            raise LinkError(msg)
        if ending.refusal is not None:
            error, hint = _REFUSALS[ending.refusal]
            msg = f"{self._plan.sortie_id} on {self._link.url}: not flown: {ending.reason}"
            raise error(msg, hint=hint)
        return self._record.log(self._plan.sortie_id, ending)
