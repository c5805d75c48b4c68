"""Everything that dronepatrol raises on purpose.

::

    DronePatrolError            exit 1   something failed; message and hint say what and what next
    ├── InputError              exit 2   a file, area or option that cannot be used as it is
    ├── PlanError               exit 1   no mission can be planned for what was asked
    ├── LinkError               exit 1   the vehicle does not answer, or answers wrongly
    │   └── MissionRefusedError exit 1   the vehicle did not take the mission
    ├── SafetyError             exit 4   flying would be unsafe or was not allowed
    ├── StorageError            exit 1   an artefact cannot be read or written
    └── StoppedError            exit 130 the operator stopped it

A message names the subject, what was found and what was expected; the hint says what to do next. In batches the
failure of one item is data, a :class:`dronepatrol.model.batch.Skipped`, not an exception.
"""


class DronePatrolError(Exception):
    """Root of the tree.

    Parameters
    ----------
    message
        One line: the thing, what was found, what was expected.
    hint
        What to do next, or empty.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class InputError(DronePatrolError):
    """A file, an area or an option cannot be used as it is."""

    exit_code = 2


class PlanError(DronePatrolError):
    """No mission can be planned for what was asked."""


class LinkError(DronePatrolError):
    """The vehicle does not answer, or answers what the protocol does not allow."""


class MissionRefusedError(LinkError):
    """The vehicle answered that it does not take the mission."""


class SafetyError(DronePatrolError):
    """Flying would be unsafe, or was not allowed."""

    exit_code = 4


class StorageError(DronePatrolError):
    """An artefact of the patrol folder cannot be read or written."""


class StoppedError(DronePatrolError):
    """The operator stopped it; what was whole by then is kept."""

    exit_code = 130
