"""Seconds per stage, and what is kept when a stage fails."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dronepatrol.errors import DronePatrolError, StoppedError


@dataclass
class StageClock:
    """Times the stages of a patrol whose artefacts lie in ``root``."""

    root: Path
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage; when it fails, let the error's hint name what earlier stages left behind."""
        started = time.perf_counter()
        try:
            yield
        except DronePatrolError as error:
            error.hint = "; ".join(filter(None, [error.hint, self._kept()]))
            raise
        except KeyboardInterrupt as error:
            msg = f"stopped by the operator during {name}"
            raise StoppedError(msg, hint=self._kept()) from error
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - started, 2)

    def _kept(self) -> str:
        return f"{', '.join(self.seconds)} kept in {self.root}" if self.seconds else ""
