"""The patrol spec: what is asked comes back unchanged, and what is wrong is named by file, key, found and expected."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dronepatrol.errors import InputError
from dronepatrol.model.patrol import Datum, RegisterKind
from dronepatrol.store import profiles
from dronepatrol.store.spec import read_spec, write_spec

REPOSITORY = Path(__file__).resolve().parents[2]
DEMO = REPOSITORY / "missions" / "pinghu-xindai-demo.toml"
TEXTS = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=50)


def test_demo_spec_asks_for_what_the_issue_says():
    spec = read_spec(DEMO)
    assert spec.gsd_m == 0.049
    assert (spec.front_overlap, spec.side_overlap) == (0.6, 0.5)
    assert spec.start.isoformat() == "2026-05-18T09:30:00+08:00"
    files = [*spec.area_files, spec.nofly_file, spec.towns_file, *spec.register_files.values()]
    assert all(file is not None and file.is_file() for file in files)
    assert set(spec.register_files) == set(RegisterKind) - {RegisterKind.OUTDOOR_ADVERTS}
    assert "demo" in spec.title_en


@given(
    title=TEXTS,
    seed=st.integers(0, 2**63 - 1),
    gsd_cm=st.integers(1, 1000),
    overlap=st.floats(0, 0.95),
    datum=st.sampled_from(Datum),
)
@settings(max_examples=40)
def test_written_spec_reads_back_the_same(tmp_path_factory, title, seed, gsd_cm, overlap, datum):
    spec = replace(
        read_spec(DEMO), title_zh=title, seed=seed, gsd_m=gsd_cm / 10 / 100, front_overlap=overlap, nofly_file=None,
        datum=datum,
    )  # fmt: skip
    path = tmp_path_factory.mktemp("patrol") / "patrol.toml"
    write_spec(path, spec, profiles.versions(spec.camera, spec.aircraft))
    assert read_spec(path) == spec
    assert '[profiles]\ncamera = "1"\naircraft = "1"' in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("front_overlap = 0.60", "front_overlap = 1.2", "photos.front_overlap = 1.2; expected: input should be less"),
        ("front_overlap = 0.60", 'front_overlap = "60 %"', "photos.front_overlap = '60 %'; expected"),
        ("front_overlap = 0.60", "", "key photos.front_overlap is missing"),
        ("front_overlap", "forward_overlap", "unknown key photos.forward_overlap"),
        ("gsd_cm = 4.9", "gsd_cm = nan", "photos.gsd_cm = nan; expected"),
        ("+08:00", "", "start = "),
        ("lat_deg = 30.8198", "lat_deg = 121.0", "docks.0.lat_deg = 121.0; expected: input should be less"),
        ('id = "pinghu-xindai-demo"', 'id = "../../etc"', "id = '../../etc'; expected"),
        ('areas = ["', 'areas = ["\\u0000', "files.areas.0 = "),
        ("[files]", '[files]\ndatum = "wgs72"', "files.datum = 'wgs72'; expected: input should be 'wgs84', 'gcj02'"),
        ("[wind]", "[weather]", "unknown key weather"),
        ("seed = 20260518", "seed = ", "is no TOML"),
    ],
)
def test_wrong_keys_are_named(tmp_path, old, new, message):
    text = DEMO.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "patrol.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_spec(path)
    assert str(path) in caught.value.message
    assert message in caught.value.message
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a" * 2_000_000, b"x = " + b"[" * 100_000, b""])
def test_files_that_are_no_spec_are_refused(tmp_path, content):
    path = tmp_path / "patrol.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"patrol\.toml"):
        read_spec(path)


def test_missing_spec_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot read the patrol spec"):
        read_spec(tmp_path / "none.toml")


def with_approvals(tmp_path, lines):
    path = tmp_path / "spec.toml"
    path.write_text(DEMO.read_text(encoding="utf-8") + f"\n[approvals]\n{lines}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('NFZ = "x"', r'expected: rules .* \(ALT120, CROWD, DROP, RELAY, SWARM, NFZ_POLY."zone id"\); NFZ is none'),
        ('SENSITIVE = "x"', "SENSITIVE is none"),
        ('NFZ_POLY = "x"', 'expected: the zone that the approval is for: NFZ_POLY."zone id" = "reference"'),
        ('SWARM.z1 = "x"', "SWARM is about no zone"),
        ("ALT120 = 7", "approvals.ALT120 = 7; expected"),
        ("NFZ_POLY.z1 = 7", "approvals.NFZ_POLY.z1 = 7; expected"),
        ('"SWARM\\n" = "x"', "is none"),
    ],
)
def test_an_approval_names_what_it_is_for(tmp_path, lines, message):
    with pytest.raises(InputError, match=message):
        read_spec(with_approvals(tmp_path, lines))


@given(zone=TEXTS, reference=TEXTS)
@settings(max_examples=30)
def test_approvals_for_zones_read_back_whatever_the_zones_are_called(tmp_path_factory, zone, reference):
    folder = tmp_path_factory.mktemp("approvals")
    spec = replace(read_spec(DEMO), approvals={f"NFZ_POLY.{zone}": reference, "SWARM": reference})
    path = folder / "patrol.toml"
    write_spec(path, spec, profiles.versions(spec.camera, spec.aircraft))
    again = read_spec(path)
    assert again == spec
    assert again.approval("NFZ_POLY", zone) == again.approval("SWARM") == reference
    assert again.approval("NFZ_POLY", f"{zone}x") == again.approval("NFZ_POLY") == again.approval("ALT120") == ""
