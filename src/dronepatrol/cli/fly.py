"""``dronepatrol fly``."""

from typing import Annotated

import typer

from dronepatrol.cli.console import finish, progress
from dronepatrol.cli.options import JOBS, AsJson, Folder, Jobs
from dronepatrol.errors import InputError, SafetyError


def fly(
    folder: Folder,
    sim: Annotated[bool, typer.Option("--sim", help="Fly on the embedded vehicle over a synthetic scene.")] = False,
    connect: Annotated[
        str | None, typer.Option("--connect", metavar="URL", help="A vehicle: udpin:0.0.0.0:14550, tcp:HOST:PORT …")
    ] = None,
    confirm: Annotated[
        int | None, typer.Option("--confirm", metavar="SYSID", help="The system id of the real vehicle that may fly.")
    ] = None,
    sortie: Annotated[
        list[str] | None, typer.Option("--sortie", metavar="ID", help="Only this sortie; may be given again.")
    ] = None,
    factor: Annotated[
        float, typer.Option("--factor", min=1, max=100, metavar="X", help="Simulated: times faster than real.")
    ] = 100.0,
    jobs: Jobs = JOBS,
    as_json: AsJson = False,
) -> None:
    """Fly a planned patrol over MAVLink, with a telemetry log of every sortie.

    Ctrl-C: on the ground disarm; flying return-to-launch and keep watching; a second one leaves the vehicle alone.

    For example:

    dronepatrol fly xindai --sim

    dronepatrol fly xindai --connect udpin:0.0.0.0:14550 --sortie sortie-01 --confirm 1
    """
    from dronepatrol.patrol import fly as flying
    from dronepatrol.patrol.render import render
    from dronepatrol.store.folder import PatrolFolder
    from dronepatrol.store.mission import read_mission
    from dronepatrol.store.spec import read_spec

    if sim == (connect is not None):
        msg = "fly needs either --sim or --connect URL"
        raise InputError(msg, hint="dronepatrol fly FOLDER --sim")
    if sim and (sortie or confirm is not None):
        msg = "--sortie and --confirm are for a vehicle reached by --connect; --sim flies every sortie"
        raise InputError(msg, hint="dronepatrol fly FOLDER --sim")
    patrol = PatrolFolder(folder)
    mission = read_mission(patrol.mission)
    with progress() as report:
        if connect is None:
            spec = read_spec(patrol.spec)
            flights = flying.fly_simulated(spec, mission, patrol, factor, report)
            render(spec, mission, patrol, jobs, report)
        else:
            if confirm is None:
                msg = f"{connect} is not simulated and nobody confirmed which vehicle may fly"
                raise SafetyError(msg, hint="look at the vehicle, then add --confirm SYSID")
            wanted = sortie or [planned.id for planned in mission.sorties]
            flights = flying.fly_real(mission, wanted, patrol, flying.RealVehicle(connect, confirm), report)
    rows = [
        {"sortie": f.sortie_id, "outcome": f.outcome.value, "photos": f.photos, "time_s": round(f.time_s, 1)}
        for f in flights
    ]
    text = "\n".join(f"{r['sortie']}  {r['outcome']}  {r['photos']} photos  {r['time_s']} s" for r in rows)
    finish({"schema": "dronepatrol/fly/1", "sorties": rows}, text, flying.not_flown(mission, flights), as_json=as_json)
