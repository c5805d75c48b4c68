"""``dronepatrol sim``."""

from typing import Annotated

import typer


def sim(
    home: Annotated[
        tuple[float, float, float], typer.Option("--home", metavar="LON LAT AMSL_M", help="Where it stands.")
    ] = (121.0830, 30.8198, 3.5),
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, metavar="PORT", help="UDP port on 127.0.0.1; 0 takes a free one.")
    ] = 0,
    factor: Annotated[
        float, typer.Option("--factor", min=1, max=100, metavar="X", help="Times faster than real in flight.")
    ] = 1.0,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Seed of its sensor errors.")] = 1,
    wind: Annotated[
        tuple[float, float], typer.Option("--wind", metavar="M_S FROM_DEG", help="Steady wind, and where from.")
    ] = (0.0, 0.0),
) -> None:
    """Run the embedded vehicle: a simulated ArduCopter-like MAVLink 2 autopilot. Prints its address; Ctrl-C ends it.

    Example:

    dronepatrol sim --port 14550

    dronepatrol fly xindai --connect udpout:127.0.0.1:14550 --confirm 1
    """
    from dronepatrol.sim.vehicle.config import VehicleConfig
    from dronepatrol.sim.vehicle.serve import serve

    serve(
        VehicleConfig(
            home=home, flight_id="sim", port=port, factor=factor, seed=seed, wind_m_s=wind[0], wind_from_deg=wind[1]
        )
    )
