"""``dronepatrol fly``."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from dronepatrol.cli.console import finish, progress
from dronepatrol.cli.options import JOBS, Folder, Jobs
from dronepatrol.errors import InputError, SafetyError

if TYPE_CHECKING:
    from dronepatrol.model.mission import Mission
    from dronepatrol.model.progress import Report
    from dronepatrol.patrol.fly import Crew, RealVehicle


def fly(
    folder: Folder,
    sim: Annotated[bool, typer.Option("--sim", help="Fly on embedded vehicles over a synthetic scene.")] = False,
    connect: Annotated[
        list[str] | None,
        typer.Option(
            "--connect",
            metavar="[DRONE=]URL",
            help="A vehicle: udpin:0.0.0.0:14550, tcp:HOST:PORT …; once per drone of the plan, or one for all.",
        ),
    ] = None,
    sitl: Annotated[
        str | None,
        typer.Option("--sitl", metavar="KIND=PATH", help="Start your simulator: arducopter=PATH or px4=PATH."),
    ] = None,
    confirm: Annotated[
        list[str] | None,
        typer.Option("--confirm", metavar="[DRONE=]SYSID", help="The system id of the real vehicle that may fly."),
    ] = None,
    sortie: Annotated[
        list[str] | None, typer.Option("--sortie", metavar="ID", help="Only this sortie; may be given again.")
    ] = None,
    factor: Annotated[
        float | None,
        typer.Option("--factor", min=1, max=100, metavar="X", help="Simulated: times faster than real; 100, sitl 1."),
    ] = None,
    no_rc: Annotated[
        bool, typer.Option("--no-rc", help="No radio control is bound to the vehicle: its failsafe may be off.")
    ] = False,
    onboard_log: Annotated[
        bool, typer.Option("--onboard-log/--no-onboard-log", help="Fetch the vehicle's own log after landing.")
    ] = True,
    jobs: Jobs = JOBS,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print events as they happen, and last the result: one JSON object a line.")
    ] = False,
) -> None:
    """Fly a planned patrol over MAVLink, with a telemetry log of every sortie.

    Ctrl-C: on the ground disarm; flying return-to-launch and keep watching; a second one leaves the vehicle alone. Keys
    on a terminal: p pause, r go on, 12r go on at photo 12, s skip the sortie, q return, Tab choose a drone.

    For example:

    dronepatrol fly xindai --sim

    dronepatrol fly xindai --sitl arducopter=~/ardupilot/build/sitl/bin/arducopter --factor 10

    dronepatrol fly xindai --connect udpin:0.0.0.0:14550 --sortie sortie-01 --confirm 1

    dronepatrol fly xindai --connect drone-1=udpin:0.0.0.0:14551 --connect drone-2=udpin:0.0.0.0:14552
    """
    from dronepatrol.fly.sitl import parse_sitl
    from dronepatrol.patrol import fly as flying
    from dronepatrol.patrol.render import render
    from dronepatrol.store.folder import PatrolFolder
    from dronepatrol.store.mission import read_mission
    from dronepatrol.store.spec import read_spec

    _one_way(sim=sim, connect=connect, sitl=sitl, alone=bool(sortie or confirm))
    simulator = parse_sitl(sitl, factor or 1.0) if sitl else None
    patrol = PatrolFolder(folder)
    mission = read_mission(patrol.mission)
    vehicles = _confirmed(_by_drone(connect or [], "--connect"), _by_drone(confirm or [], "--confirm"))
    with _watching(mission, as_json=as_json) as (report, crew):
        common = flying.Flights(mission, patrol, report, crew, has_rc=not no_rc, onboard_logs=onboard_log)
        if sim:
            flights = flying.fly_simulated(read_spec(patrol.spec), mission, patrol, factor or 100.0, report, crew)
        elif simulator is not None:
            flights = flying.fly_sitl(read_spec(patrol.spec), common, simulator)
        else:
            flights = flying.fly_real(common, sortie or [planned.id for planned in mission.to_fly], vehicles)
    if sim:
        with progress() as report:
            render(read_spec(patrol.spec), mission, patrol, jobs, report)
    rows = [
        {"sortie": f.sortie_id, "outcome": f.outcome.value, "photos": f.photos, "time_s": round(f.time_s, 1)}
        for f in flights
    ]
    text = "\n".join(f"{r['sortie']}  {r['outcome']}  {r['photos']} photos  {r['time_s']} s" for r in rows)
    result = {"schema": "dronepatrol/fly/1", "sorties": rows}
    wanted = flying.not_flown(mission, flights, sortie)
    finish(result, json.dumps(result, ensure_ascii=False) if as_json else text, wanted, as_json=False)


def _one_way(*, sim: bool, connect: list[str] | None, sitl: str | None, alone: bool) -> None:
    if sim + bool(connect) + (sitl is not None) != 1:
        msg = "fly needs either --sim, --sitl KIND=PATH or --connect URL"
        raise InputError(msg, hint="dronepatrol fly FOLDER --sim")
    if alone and not connect:
        msg = "--sortie and --confirm are for a vehicle reached by --connect; a simulator flies every sortie"
        raise InputError(msg, hint="dronepatrol fly FOLDER --sim")


def _by_drone(given: list[str], option: str) -> dict[str, str]:
    """Return what an option says by drone; "" is every drone."""
    found: dict[str, str] = {}
    for text in given:
        drone, equals, value = text.partition("=")
        if not equals or ":" in drone or "/" in drone:  # an address may hold a "=" of its own
            drone, value = "", text
        if drone in found or (found and "" in {drone, *found}):
            msg = f"{option} {text}: there is one for {drone or 'every drone'} already"
            raise InputError(msg, hint=f"give {option} once, or once per drone: {option} drone-1=…")
        found[drone] = value
    return found


def _confirmed(urls: dict[str, str], confirmed: dict[str, str]) -> "dict[str, RealVehicle]":
    """Return the vehicles with the system ids that the operator confirmed; on a terminal, ask for those not given."""
    from dronepatrol.patrol.fly import RealVehicle

    if unknown := confirmed.keys() - urls.keys():
        msg = f"--confirm {min(unknown)}=…: no vehicle of this name is connected"
        raise InputError(msg, hint="name the same drones in --connect and --confirm")
    vehicles = {}
    for drone, url in urls.items():
        text = confirmed.get(drone) or _asked(drone, url)
        if not text.isdecimal() or not 1 <= int(text) <= 255:
            msg = f"{text!r} is no system id; expected 1 to 255"
            raise InputError(msg, hint="look at the vehicle's MAV_SYSID or SYSID_THISMAV")
        vehicles[drone] = RealVehicle(url, int(text))
    return vehicles


def _asked(drone: str, url: str) -> str:
    if not sys.stdin.isatty():
        msg = f"{url} is not simulated and nobody confirmed which vehicle may fly"
        raise SafetyError(msg, hint=f"look at the vehicle, then add --confirm {drone}{'=' if drone else ''}SYSID")
    question = f"{url} is not simulated. Type the system id of the vehicle that may fly now"
    return str(typer.prompt(question, err=True)).strip()


@contextmanager
def _watching(mission: "Mission", *, as_json: bool) -> "Iterator[tuple[Report, Crew]]":
    """Yield what takes progress, and the crew: JSON lines, a live table with keys, or lines as elsewhere."""
    from dronepatrol.cli.fly_keys import Keyboard, keys
    from dronepatrol.cli.fly_view import FlightTable, live, print_json
    from dronepatrol.fly.fleet import Desk
    from dronepatrol.patrol.fly import Crew

    desk, drones = Desk(), sorted({sortie.drone for sortie in mission.to_fly})
    if as_json or not sys.stderr.isatty():
        with progress() as report, keys(Keyboard(drones, desk, lambda _: None)):
            yield report, Crew(print_json, desk) if as_json else Crew(desk=desk)
        return
    table = FlightTable()
    keyboard = Keyboard(drones, desk, table.note)
    table.footer = keyboard.help if sys.stdin.isatty() else "Ctrl-C brings all home"
    with live(table) as report, keys(keyboard):
        yield report, Crew(table.hear, desk)
