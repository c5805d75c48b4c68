"""mission.json: exact round trip, and damage is named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.errors import StorageError
from dronepatrol.model.mission import Mission
from dronepatrol.store.mission import read_mission, write_mission

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


@given(mission=st.from_type(Mission))
@settings(max_examples=40, deadline=None)
def test_round_trip_is_exact(tmp_path_factory, mission):
    path = tmp_path_factory.mktemp("plan") / "mission.json"
    write_mission(path, mission)
    assert read_mission(path) == mission


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff", b'{"seed": "x"}'])
def test_damaged_missions_are_named(tmp_path, content):
    path = tmp_path / "mission.json"
    path.write_bytes(content)
    with pytest.raises(StorageError, match="is no mission") as caught:
        read_mission(path)
    assert str(path) in caught.value.message
    assert "\n" not in str(caught.value)


def test_missing_mission_is_named(tmp_path):
    with pytest.raises(StorageError, match="cannot read the mission"):
        read_mission(tmp_path / "none.json")
