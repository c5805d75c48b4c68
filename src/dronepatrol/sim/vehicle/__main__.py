"""``python -m dronepatrol.sim.vehicle``: one embedded vehicle."""

import sys

from dronepatrol.errors import DronePatrolError
from dronepatrol.sim.vehicle.config import parse
from dronepatrol.sim.vehicle.serve import serve


def main() -> int:
    """Run from the command line; return the exit code."""
    try:
        serve(parse(sys.argv[1:]))
    except DronePatrolError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
