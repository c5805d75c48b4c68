"""Flies one sortie over a link: feeds the controller, gives its commands, keeps the record, watches for silence."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dronepatrol.errors import DronePatrolError, LinkError, MissionRefusedError, SafetyError
from dronepatrol.fly.controller import advance, start
from dronepatrol.fly.events import FlyEvent, event_of
from dronepatrol.fly.interrupts import Interrupts, SecondInterrupt
from dronepatrol.fly.link import (
    Answer,
    Arm,
    AttitudeReport,
    Capability,
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
from dronepatrol.fly.sortie import SortieFlight
from dronepatrol.fly.state import Abort, CommandAnswered, GroundEvent, Leave, LinkLost, Order, Phase, Refusal
from dronepatrol.model.flight import FlightLog

__all__ = ["FlyEvent", "Phase", "SortieFlight", "Supervision", "fly_sortie"]

SILENCE_S = 10.0
"""Wall-clock seconds without a heartbeat, or without the vehicle's clock, after which a standing vehicle counts as
lost; about a flying one it is said, and that its own failsafes must bring it home."""
LOST_S = 60.0
"""Wall-clock seconds without a heartbeat after which an armed vehicle counts as lost: until then it may come back."""
_WAIT_S = 0.2
_REPORT_S = 0.25
_NOTICE = 5  # severity of texts worth showing
_REFUSALS: dict[Refusal, tuple[type[DronePatrolError], str]] = {
    Refusal.SAFETY: (SafetyError, "remedy it, then fly again"),
    Refusal.MISSION: (MissionRefusedError, "plan for this vehicle"),
    Refusal.LINK: (LinkError, "check the link, then fly again"),
}
_NO_ANSWER = Answer(accepted=False, reason="no answer")


def _no_orders() -> Sequence[Order]:
    return ()


def _unheard(_: FlyEvent) -> None:
    return


@dataclass(frozen=True, slots=True)
class Supervision:
    """How a flight is watched, and by whom.

    ``simulated`` says that the vehicle is a simulator that we started; one that is not must be confirmed by its system
    id (``confirmed``). ``on_event`` is told how it goes a few times a second, ``orders`` is asked as often what the
    operator wants. ``interrupts`` is Ctrl-C, shared by all flights at once. The vehicle's own log is fetched to
    ``onboard_log`` after landing, None for not.
    """

    simulated: bool
    confirmed: int | None = None
    on_event: Callable[[FlyEvent], None] = _unheard
    orders: Callable[[], Sequence[Order]] = _no_orders
    interrupts: Interrupts = field(default_factory=Interrupts)
    onboard_log: Path | None = None


def fly_sortie(link: VehicleLink, plan: SortieFlight, how: Supervision) -> FlightLog:
    """Fly one sortie from a standing vehicle to a standing vehicle.

    Ctrl-C calls the vehicle back and goes on watching; a second one leaves, and the log says that the vehicle is
    unsupervised. The link is opened here and closed at the end.

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
        _confirm(link, link.open(), how)
        session = _Session(link, plan, how)
        with how.interrupts:
            try:
                session.run()
            finally:
                session.make_safe()
            session.fetch_log()
    return replace(session.result(), stopped=how.interrupts.count > 0)


def _confirm(link: VehicleLink, system_id: int, how: Supervision) -> None:
    if not how.simulated and how.confirmed != system_id:
        found = "nothing" if how.confirmed is None else f"system id {how.confirmed}"
        msg = f"{link.url}: this is a real vehicle, system id {system_id}; {found} was confirmed"
        raise SafetyError(msg, hint=f"if this vehicle may fly now, add --confirm {system_id}")


class _Session:
    def __init__(self, link: VehicleLink, plan: SortieFlight, how: Supervision) -> None:
        self._link = link
        self._plan = plan
        self._how = how
        self._state = start(plan, link.capabilities)
        self._record = FlightRecorder()
        self._heartbeat_s = self._clock_s = self._reported_s = time.monotonic()
        self._phase: Phase | None = None
        self._quiet = False
        self._told = 0  # how many of the state's notices were passed on

    def run(self) -> None:
        """Run until the flight has ended; interrupts become an abort, then leaving."""
        interrupts = self._how.interrupts
        while self._state.ending is None:
            try:
                if interrupts.count > 1:
                    self._tell(Leave())
                elif interrupts.count and not self._state.abort:
                    self._tell(Abort(interrupts.reason))
                for order in self._how.orders():
                    self._tell(order)
                self._hear(self._link.receive(_WAIT_S))
                self._watch_silence()
                self._report()
            except SecondInterrupt:
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

    def fetch_log(self) -> None:
        """Fetch the vehicle's own log of a flight that is over; what goes wrong is said, and harms nothing."""
        path, state = self._how.onboard_log, self._state
        if path is None or state.armed or not state.has_flown or Capability.LOGS not in self._link.capabilities:
            return
        try:
            self._fetch(path)
        except (LinkError, KeyboardInterrupt) as error:
            text = error.message if isinstance(error, LinkError) else "stopped by the operator"
            self._pass_on(f"the vehicle's own log was not fetched: {text}", Phase.FETCHING)

    def _fetch(self, path: Path) -> None:
        def told(done: int, of: int) -> None:
            if self._how.interrupts.count > 1:
                raise SecondInterrupt
            if time.monotonic() - self._reported_s > _REPORT_S:
                self._pass_on(f"{done / 1e6:.1f} of {of / 1e6:.1f} MB", Phase.FETCHING)

        text = f"the vehicle's own log: {path.name}" if self._link.fetch_log(path, told) else "the vehicle keeps no log"
        self._pass_on(text, Phase.FETCHING)

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
        now_s, state = time.monotonic(), self._state
        silent_s = now_s - self._heartbeat_s
        if silent_s > (LOST_S if state.armed else SILENCE_S):
            self._tell(LinkLost(f"no heartbeat for {silent_s:.0f} s"))
        elif silent_s > SILENCE_S and not self._quiet:
            self._quiet = True
            self._report(f"no heartbeat for {silent_s:.0f} s: now its own failsafes must bring it home; listening")
        elif silent_s <= SILENCE_S and self._quiet:
            self._quiet = False
            self._report("heard again")
        elif now_s - self._clock_s > SILENCE_S and not state.armed:
            self._tell(LinkLost(f"heartbeats but no telemetry for {SILENCE_S:.0f} s"))

    def _report(self, text: str = "") -> None:
        notices = self._state.notices[self._told :]
        self._told = len(self._state.notices)
        for notice in (*notices, *([text] if text else [])):
            self._pass_on(notice)
        changed = self._state.phase != self._phase
        if changed or time.monotonic() - self._reported_s >= _REPORT_S:
            self._pass_on("")

    def _pass_on(self, text: str, phase: Phase | None = None) -> None:
        self._reported_s, self._phase = time.monotonic(), phase or self._state.phase
        self._how.on_event(event_of(self._state, self._record.photos, text, phase))

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
        return replace(self._record.log(self._plan.sortie_id, ending), skipped=self._state.skipped)
