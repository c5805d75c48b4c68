"""All photos of a simulated flight: each shows what the true pose saw and says what the sensors said."""

import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dronepatrol.errors import InputError
from dronepatrol.geo.rotation import camera_to_ned, heading_deg, tilted
from dronepatrol.model.camera import Camera, CameraProfile
from dronepatrol.sim.render.photo import Sensed, write_photo
from dronepatrol.sim.render.renderer import Renderer
from dronepatrol.sim.scene.scene import Scene


@dataclass(slots=True)
class _Job:
    """What a worker process keeps between photos."""

    renderer: Renderer
    camera: CameraProfile
    out: Path

    @classmethod
    def of(cls, scene: Scene, camera: CameraProfile, out: Path) -> "_Job":
        return cls(Renderer(scene, Camera.pinhole(camera.image_wh, camera.focal_px)), camera, out)

    def photo(self, row: dict[str, Any]) -> Path:
        """Render and write one photo."""
        path = self.out / str(row["photo"])
        image = self.renderer.render(row["true_lon_deg"], row["true_lat_deg"], row["true_height_m"], true_rotation(row))
        write_photo(path, image, sensed_of(row), self.camera)
        return path


_worker: list[_Job] = []


def render_photos(scene: Scene, truth: pd.DataFrame, camera: CameraProfile, out: Path, jobs: int) -> Iterator[Path]:
    """Render one JPEG per row and yield its path as soon as it is written; the files do not depend on ``jobs``.

    Parameters
    ----------
    scene
        What is seen.
    truth
        Rows of ``model.tables.SIMULATED_TRUTH``.
    camera
        What takes the photos.
    out
        Folder to write to; made where missing.
    jobs
        Processes to use; 1 renders in this one.

    Raises
    ------
    InputError
        When a photo's name is no plain file name, or a photo would show the horizon.
    StorageError
        When a photo cannot be written.
    """
    rows: list[dict[str, Any]] = truth.to_dict("records")
    for row in rows:
        if Path(row["photo"]).name != row["photo"]:
            msg = f"simulated truth: photo {row['photo']!r} is no plain file name"
            raise InputError(msg, hint="fly the sortie again")
    if jobs <= 1 or len(rows) < 2:
        job = _Job.of(scene, camera, out)
        yield from (job.photo(row) for row in rows)
        return
    context = multiprocessing.get_context("spawn")  # the caller may have threads, with which a fork is not safe
    pool = ProcessPoolExecutor(min(jobs, len(rows)), context, _start, (scene, camera, out))
    try:
        yield from (future.result() for future in as_completed([pool.submit(_render, row) for row in rows]))
    except KeyboardInterrupt:
        for worker in multiprocessing.active_children():
            worker.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _start(scene: Scene, camera: CameraProfile, out: Path) -> None:
    """Prepare a worker: one thread each, and Ctrl-C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    _worker.append(_Job.of(scene, camera, out))


def _render(row: dict[str, Any]) -> Path:
    return _worker[0].photo(row)


def true_rotation(row: dict[str, Any]) -> NDArray[np.float64]:
    """Return the real camera rotation (3, 3) to NED: the sensed one, disturbed in the frame of its heading."""
    gimbal = (row["sensed_gimbal_yaw_deg"], row["sensed_gimbal_pitch_deg"], row["sensed_gimbal_roll_deg"])
    return tilted(
        camera_to_ned(*gimbal),
        np.radians(heading_deg(*gimbal)),
        np.radians(row["true_tilt_roll_deg"]),
        np.radians(row["true_tilt_pitch_deg"]),
        np.radians(row["true_turn_deg"]),
    )


def sensed_of(row: dict[str, Any]) -> Sensed:
    """Return what the photo's metadata says."""
    angles = {name: float(row[f"sensed_{name}"]) for name in (
        "gimbal_yaw_deg", "gimbal_pitch_deg", "gimbal_roll_deg",
        "flight_yaw_deg", "flight_pitch_deg", "flight_roll_deg")}  # fmt: skip
    return Sensed(
        time_utc=pd.Timestamp(row["time_utc"]).to_pydatetime(),
        lon_deg=float(row["sensed_lon_deg"]),
        lat_deg=float(row["sensed_lat_deg"]),
        amsl_m=float(row["sensed_amsl_m"]),
        height_m=float(row["sensed_height_m"]),
        **angles,
    )
