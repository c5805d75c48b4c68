"""``dronepatrol sim``."""

from typing import Annotated

import typer


def _pairs(texts: list[str]) -> tuple[tuple[str, float], ...]:
    """Return NAME=VALUE texts as names and numbers."""
    found = []
    for text in texts:
        name, _, value = text.partition("=")
        try:
            found.append((name.strip().upper(), float(value)))
        except ValueError:
            msg = f"{text!r} is not NAME=VALUE, for example RTL_ALT=3000"
            raise typer.BadParameter(msg, param_hint="--param") from None
    return tuple(found)


def sim(
    home: Annotated[
        tuple[float, float, float], typer.Option("--home", metavar="LON LAT AMSL_M", help="Where it stands.")
    ] = (121.0830, 30.8198, 3.5),
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, metavar="PORT", help="Port to listen on; 0 takes a free one.")
    ] = 0,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    tcp: Annotated[bool, typer.Option("--tcp", help="Listen on TCP instead of UDP.")] = False,
    sysid: Annotated[int, typer.Option("--sysid", min=1, max=254, metavar="N", help="MAVLink system id.")] = 1,
    factor: Annotated[
        float, typer.Option("--factor", min=0.1, max=1000, metavar="X", help="Times faster than real in flight.")
    ] = 1.0,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Seed of all that is drawn.")] = 1,
    wind: Annotated[
        tuple[float, float], typer.Option("--wind", metavar="M_S FROM_DEG", help="Wind above 60 m, and where from.")
    ] = (0.0, 0.0),
    gust: Annotated[float, typer.Option("--gust", metavar="M_S", help="1 sigma of the gusts upon the wind.")] = 0.0,
    battery: Annotated[float, typer.Option("--battery", metavar="WH", help="Energy of the full battery.")] = 60.0,
    charge: Annotated[float, typer.Option("--charge", metavar="0…1", help="How full it is.")] = 1.0,
    faults: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="KIND[=VALUE]@WHEN[/SECONDS]", help="What goes wrong; may be given again."),
    ] = None,
    params: Annotated[
        list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="A parameter; may be given again.")
    ] = None,
) -> None:
    """Run the embedded vehicle: a simulated ArduCopter-like MAVLink 2 autopilot. Prints its address; Ctrl-C ends it.

    Examples
    --------
    dronepatrol sim --port 14550

    dronepatrol fly xindai --connect udpout:127.0.0.1:14550 --confirm 1

    A windy day, ten times as fast, over TCP:

    dronepatrol sim --tcp --port 5760 --factor 10 --wind 6 300 --gust 1.5

    The GPS jumps by 40 m for 15 s, ten seconds into the mission; later the battery drops to 10 %:

    dronepatrol sim --port 14550 --fault gps_glitch=40@mission+10/15 --fault battery=0.1@mission+60

    Faults: link_loss, link_drop, link_lag, gps_glitch, gps_loss, battery, motor, camera_miss, reboot; WHEN is seconds
    after arming, or takeoff, mission, return, landing [+seconds]. docs/sim.md says what each does.
    """
    from dronepatrol.sim.vehicle.config import VehicleConfig
    from dronepatrol.sim.vehicle.serve import serve

    serve(
        VehicleConfig(
            home=home,
            flight_id="sim",
            host=host,
            port=port,
            transport="tcp" if tcp else "udp",
            system_id=sysid,
            factor=factor,
            seed=seed,
            wind_m_s=wind[0],
            wind_from_deg=wind[1],
            gust_m_s=gust,
            battery_wh=battery,
            battery_share=charge,
            faults=tuple(faults or ()),
            parameters=_pairs(params or []),
        )
    )
