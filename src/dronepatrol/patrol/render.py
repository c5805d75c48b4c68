"""What the simulated camera saw: photos of the synthetic scene, and ``truth.geojson``."""

import json

import shapely
from shapely import MultiPolygon

from dronepatrol.areas import read_areas, read_register, read_zones
from dronepatrol.files import clear, write_text
from dronepatrol.model.mission import Mission
from dronepatrol.model.patrol import PatrolSpec, ZoneKind
from dronepatrol.model.progress import Progress, Report
from dronepatrol.model.tables import SIMULATED_TRUTH
from dronepatrol.sim.render.photos import render_photos
from dronepatrol.sim.scene.scene import build_scene
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.profiles import camera
from dronepatrol.store.tables import read_table


def render(spec: PatrolSpec, mission: Mission, folder: PatrolFolder, jobs: int, report: Report) -> int:
    """Render the photos of every simulated sortie; return how many.

    The scene follows from the spec's area, registers and seed alone.
    """
    report(Progress("render", 0, 0, "building the scene"))
    parts = [area.geometry for file in spec.area_files for area in read_areas(file, spec.datum)]
    area = MultiPolygon(shapely.get_parts(shapely.union_all(parts)).tolist())
    zones = read_zones(spec.nofly_file, spec.datum) if spec.nofly_file else ()
    holes = [zone.geometry for zone in zones if zone.kind is ZoneKind.NO_FLY]
    registers = {kind: read_register(kind, path, spec.datum) for kind, path in spec.register_files.items()}
    scene = build_scene(area, holes, registers, spec.seed, at=spec.start)
    write_text(folder.truth, json.dumps(scene.truth_geojson(), ensure_ascii=False) + "\n")
    truths = {
        sortie.id: read_table(truth, SIMULATED_TRUTH)
        for sortie in mission.sorties
        if (truth := folder.simulated_truth(sortie.id)).exists()
    }
    clear(folder.photos)
    total = sum(len(truth) for truth in truths.values())
    done = 0
    for sortie_id, truth in truths.items():
        for _ in render_photos(scene, truth, camera(spec.camera), folder.photos / sortie_id, jobs):
            done += 1
            report(Progress("render", done, total, sortie_id))
    return done
