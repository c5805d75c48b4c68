"""The process edge: the only place where every exception becomes a line on stderr and an exit code."""

import os
import sys

from dronepatrol.errors import DronePatrolError


def main() -> None:
    """Run the command line and exit with its code."""
    from dronepatrol.cli.app import app  # noqa: PLC0415  (so that an import error is reported like any other)

    debug = bool(os.environ.get("DRONEPATROL_DEBUG"))
    try:
        app()
    except DronePatrolError as error:
        _fail(error.message, error.hint, error.exit_code)
    except OSError as error:
        if debug:
            raise
        subject = f"{error.filename}: " if error.filename else ""
        _fail(f"{subject}{error.strerror or error}", "", 1)
    except Exception as error:
        if debug:
            raise
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        _fail(f"unexpected {what}", "a defect of dronepatrol; DRONEPATROL_DEBUG=1 shows where", 1)


def _fail(message: str, hint: str, code: int) -> None:
    print(f"error: {message}", file=sys.stderr)  # noqa: T201
    if hint:
        print(f"next:  {hint}", file=sys.stderr)  # noqa: T201
    sys.exit(code)


if __name__ == "__main__":
    main()
