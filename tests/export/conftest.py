"""Issues, shots, photos and a route made by hand for the exports."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import cv2
import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

from dronepatrol.export.geojson import issues_geojson
from dronepatrol.geo.ellipse import ellipse95, radius95_m
from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.issue import Ellipse95, Evidence, Issue, IssueStatus, ProblemClass
from dronepatrol.model.tables import DETECTIONS, SHOTS
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.tables import write_table

FRAME = LocalFrame(121.0824, 30.8230)
CODES = "GB/T 47678.5-2026"
PROBLEMS = (
    ProblemClass("car_parking", "机动车乱停放", "vehicle parked where none may stand", "09009", CODES, False),
    ProblemClass("exposed_garbage", "暴露垃圾", "exposed garbage", "06010", CODES, False),
    ProblemClass("illegal_build", "私搭乱建", "light-roofed structure", "06001", CODES, False),
    ProblemClass("bare_soil", "裸土未覆盖", "bare soil without cover", "08004", CODES, True),
)


def make_issue(number: int = 0, *, photo: str = "photos/p0000.jpg", shot: str = "s0000", **changes) -> Issue:
    rng = np.random.default_rng(number)
    lon, lat = FRAME.to_lonlat(rng.uniform(-400, 400, 2))
    root = rng.normal(size=(2, 2))
    matrix = root @ root.T + np.eye(2)
    covariance = (matrix[0, 0], matrix[0, 1], matrix[1, 1])
    when = datetime(2026, 11, 20, 1, 0, number % 60, 250000, tzinfo=UTC)
    values = {
        "id": f"{PROBLEMS[number % 4].id}-{number:010x}",
        "problem": PROBLEMS[number % 4],
        "lon_deg": float(lon),
        "lat_deg": float(lat),
        "covariance_en_m2": covariance,
        "error95_m": float(radius95_m(covariance)),
        "ellipse95": Ellipse95(*ellipse95(covariance).tolist()),
        "confidence": float(rng.uniform(0.2, 1)),
        "status": IssueStatus.SUSPECTED,
        "first_seen": when,
        "last_seen": when,
        "town": "新埭镇",
        "observations": 3,
        "length_m": 4.6,
        "width_m": 2.1,
        "rule": "inside strict parking S1 (人民路), 2.1 m from its edge",
        "evidence": (Evidence(shot, photo, (300.0, 200.0, 340.0, 280.0), 0.83),),
    }
    return Issue(**(values | changes))


def make_shots(count: int, size: tuple[int, int] = (640, 480)) -> geopandas.GeoDataFrame:
    rows = []
    for number in range(count):
        place = np.array([(number % 20) * 45.0 - 430, (number // 20) * 40.0 - 400])
        lon, lat = FRAME.to_lonlat(place)
        corners = FRAME.to_lonlat(place + np.array([[-51, -38], [51, -38], [51, 38], [-51, 38]]))
        row = {name: "" if kind == "str" else 0.0 for name, kind in SHOTS.columns.items()}
        rows.append(
            row
            | {
                "shot_id": f"s{number:04d}",
                "photo": f"photos/p{number:04d}.jpg",
                "time_utc": pd.Timestamp("2026-11-20T01:00:00Z") + pd.Timedelta(seconds=2 * number),
                "lon_deg": lon,
                "lat_deg": lat,
                "image_width_px": size[0],
                "image_height_px": size[1],
                "geometry": shapely.Polygon(corners),
            }
        )
    return geopandas.GeoDataFrame(rows, geometry="geometry", crs="EPSG:4326")


def write_photo(path: Path, size: tuple[int, int] = (640, 480)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full((size[1], size[0], 3), (90, 120, 110), np.uint8)
    image += np.random.default_rng(1).integers(0, 25, image.shape, dtype=np.uint8)
    cv2.rectangle(image, (305, 205), (335, 275), (200, 200, 230), -1)
    cv2.imwrite(str(path), image)


def make_route() -> dict:
    def ring(*corners):
        return [FRAME.to_lonlat(corner).tolist() for corner in (*corners, corners[0])]

    def line(east, n):
        points = []
        for i in range(n):
            ends = [(east + i * 45.0, -420.0), (east + i * 45.0, 420.0)]
            points += ends if i % 2 == 0 else ends[::-1]
        return [FRAME.to_lonlat(point).tolist() for point in points]

    area = ring((-460, -430), (450, -410), (430, 440), (-440, 420))
    nofly = ring((60, 40), (190, 60), (170, 180), (70, 170))
    features = [
        {"geometry": {"type": "Polygon", "coordinates": [area, nofly]}, "properties": {"kind": "area"}},
        {"geometry": {"type": "Polygon", "coordinates": [nofly]}, "properties": {"kind": "no-fly"}},
        {
            "geometry": {"type": "Point", "coordinates": FRAME.to_lonlat((0, -450)).tolist()},
            "properties": {"kind": "dock"},
        },
    ]
    for number, (east, n) in enumerate(((-430, 7), (-115, 7), (200, 6)), start=1):
        geometry = {"type": "LineString", "coordinates": line(east, n)}
        features.append({"geometry": geometry, "properties": {"kind": "lane", "sortie": f"sortie-{number:02}"}})
    return {"type": "FeatureCollection", "features": [{"type": "Feature"} | feature for feature in features]}


@pytest.fixture(scope="session")
def make():
    """Return the makers of this file as attributes."""

    class Makers:
        issue = staticmethod(make_issue)
        shots = staticmethod(make_shots)
        photo = staticmethod(write_photo)
        route = staticmethod(make_route)

    return Makers


PHOTOS = 24
BOX = (300.25, 200.5, 340.75, 280.125)


def make_patrol(root: Path) -> PatrolFolder:
    """Photos far from each other in pairs that overlap; photo i shows issue i, and photo 0 what is no issue too."""
    folder = PatrolFolder(root)
    corners = [(121 + 0.01 * (i // 2) + 0.0003 * (i % 2), 30.8) for i in range(PHOTOS)]
    shots = make_shots(PHOTOS).set_geometry([shapely.box(x, y, x + 0.001, y + 0.001) for x, y in corners], crs=4326)
    shots.loc[5, "quality"] = "same picture as p0004.jpg"
    detections = [_detection(i, ("car", "bus")[i % 2]) for i in range(PHOTOS)] + [_detection(0, "car", "#extra", 20.0)]
    issues = [_issue_in(i) for i in range(PHOTOS)]
    write_table(folder.shots, shots, SHOTS)
    write_table(folder.detections, pd.DataFrame(detections), DETECTIONS)
    folder.issues.write_text(issues_geojson(issues, patrol_id="p1", generated=datetime.now(UTC)), encoding="utf-8")
    write_photo(folder.root / "photos/p0000.jpg")
    for i in range(1, PHOTOS):
        shutil.copyfile(folder.root / "photos/p0000.jpg", folder.root / f"photos/p{i:04d}.jpg")
    lines = [f"{issue.id},{('rejected', 'confirmed', 'allowed')[i % 3]}\n" for i, issue in enumerate(issues)]
    folder.reviewed.write_text("id,status\n" + "".join(lines), encoding="utf-8")
    return folder


def _detection(shot: int, kind: str, mark: str = "#0", moved_px: float = 0.0) -> dict:
    row = dict.fromkeys(DETECTIONS.columns, "") | {"shot_id": f"s{shot:04d}", "score": 0.8, "kind": kind}
    edges = dict(zip(("x1_px", "y1_px", "x2_px", "y2_px"), (value + moved_px for value in BOX), strict=True))
    return row | edges | {"detection_id": f"s{shot:04d}{mark}"}


def _issue_in(shot: int) -> Issue:
    photo = f"photos/p{shot:04d}.jpg"
    return make_issue(shot, evidence=(Evidence(f"s{shot:04d}", photo, BOX, 0.8),))


@pytest.fixture(scope="session")
def _made_patrol(tmp_path_factory):
    return make_patrol(tmp_path_factory.mktemp("made") / "patrol")


@pytest.fixture
def patrol(_made_patrol, tmp_path):
    """Return a copy, the test's own, of a patrol that is reviewed but for one detection."""
    return PatrolFolder(Path(shutil.copytree(_made_patrol.root, tmp_path / "patrol")))
