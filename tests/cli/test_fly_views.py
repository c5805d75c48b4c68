"""What an operator sees and presses, and what scripts read."""

import json

import pytest
from typer.testing import CliRunner

from dronepatrol.cli.app import app
from dronepatrol.cli.fly_keys import Keyboard
from dronepatrol.cli.fly_view import FlightTable, json_line
from dronepatrol.fly.events import FlyEvent
from dronepatrol.fly.fleet import Desk
from dronepatrol.fly.state import Abort, GoOn, Pause, Phase, Skip

EVENT = FlyEvent(
    "sortie-01", Phase.FLYING, "", 12, 40, 5, 20, 61.4, 0.71, drone="drone-1", mode="AUTO", lon_deg=121.0205123456,
    lat_deg=30.7005, speed_m_s=9.96, planned_share=0.74, time_left_s=330.0,
)  # fmt: skip


def test_a_row_says_position_photos_energy_and_time_left():
    table = FlightTable()
    table.hear(EVENT)
    (row,) = table.rows()
    assert row == (
        "drone-1", "sortie-01", "flying", "12/40", "71% (plan 74%)", "5.5 min", "61 m", "10.0 m/s",
        "121.020512, 30.700500",
    )  # fmt: skip


def test_what_is_not_known_is_a_dash():
    table = FlightTable()
    table.hear(FlyEvent("sortie-01", Phase.CHECKING, "", 0, 40, 0, 20, None, None))
    assert table.rows() == [("–", "sortie-01", "checking", "0/40", "–", "–", "–", "–", "–")]


def test_an_event_is_one_line_of_json():
    told = json.loads(json_line(EVENT))
    assert told["schema"] == "dronepatrol/fly-event/1"
    assert (told["phase"], told["photos"], told["time_left_s"], told["lon_deg"]) == ("flying", 12, 330.0, 121.0205123)
    assert json.loads(json_line(FlyEvent("s", Phase.CHECKING, "", 0, 0, 0, 0, None, None)))["height_m"] is None


def pressed(keys: str, *drones: str) -> dict[str, tuple[object, ...]]:
    desk = Desk()
    keyboard = Keyboard(drones, desk, lambda _: None)
    for key in keys:
        keyboard.press(key)
    return {drone: tuple(desk.take(drone)) for drone in drones}


def test_keys_are_orders():
    assert pressed("pr12rsq", "a")["a"] == (
        Pause(), GoOn(), GoOn(12), Skip(), Abort("called back by the operator"),
    )  # fmt: skip
    assert pressed("1x2r", "a")["a"] == (GoOn(2),)  # a key that means nothing forgets the digits


def test_tab_chooses_a_drone_and_then_all_again():
    assert pressed("p\tp\tp\tp", "a", "b") == {"a": (Pause(),) * 3, "b": (Pause(),) * 3}
    assert pressed("\t\tp", "a", "b") == {"a": (), "b": (Pause(),)}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "fly needs either --sim, --sitl KIND=PATH or --connect URL"),
        (["--sim", "--connect", "udp:h:1"], "fly needs either"),
        (["--sim", "--confirm", "1"], "are for a vehicle reached by --connect"),
        (["--sitl", "arducopter=/no/such"], "there is no such program"),
    ],
)
def test_wrong_words_are_refused_before_anything_is_read(tmp_path, arguments, said):
    result = CliRunner().invoke(app, ["fly", str(tmp_path), *arguments])
    assert said in str(result.exception)
