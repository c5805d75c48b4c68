"""Strip adjustment: overlapping photos of a block held together by their tie points; says what it gained."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dronepatrol.geo.local import LocalFrame
from dronepatrol.locate.bundle import Block, Ints, solve
from dronepatrol.locate.control import Control
from dronepatrol.locate.corrections import YAW_KNOWN_DEG, correction_table, no_corrections
from dronepatrol.locate.gain import Gain, Result, gain, no_gain
from dronepatrol.locate.heights import Levels
from dronepatrol.locate.project import ground_of, rays_camera
from dronepatrol.locate.surface import Ground
from dronepatrol.locate.ties import Features, all_features, all_matches
from dronepatrol.locate.tracks import TIE_SIGMA_PX, Ties, overlapping
from dronepatrol.locate.turned import turned_over, with_turned
from dronepatrol.locate.view import Views, views_of
from dronepatrol.model.batch import Skipped
from dronepatrol.model.progress import Progress, Report

LEAST_TIES, LEAST_PARTS = 20, 3
"""A photo with fewer tie points, or in fewer of its nine parts, stays as it was: it would be bent, not held."""
_RELIEF_M = 3.0  # 1 sigma of a tie point's height about the ground
_UNKNOWN_YAW_DEG = 30.0


@dataclass(frozen=True, slots=True)
class Source:
    """What is adjusted: n shots with their images and heights, the ground below them in the metres of a frame."""

    shots: pd.DataFrame
    paths: Sequence[Path | None]
    levels: Levels
    ground: Ground
    frame: LocalFrame
    controls: Sequence[Control] = ()


def adjust(source: Source, jobs: int, report: Report) -> tuple[pd.DataFrame, Gain, list[Skipped]]:
    """Adjust the poses of a block of photos.

    Parameters
    ----------
    source
        The photos.
    jobs
        Photos looked at at the same time.
    report
        Takes the progress.

    Returns
    -------
    ``tables.ADJUSTMENT`` with a row for each photo that is held; what was gained; and the photos that stay as they
    were, with the reason for each.
    """
    shots = source.shots.reset_index(drop=True)
    skipped = []
    usable, reasons = _usable(shots, source)
    skipped += [Skipped(str(shots["shot_id"][i]), reason) for i, reason in reasons.items()]
    shots, frame, levels = shots.iloc[usable].reset_index(drop=True), source.frame, source.levels
    heights = (levels.up_m[usable], levels.sigma_m[usable], levels.bias_sigma_m[usable])
    if len(shots) < 2:
        return no_corrections(), no_gain(len(source.shots), "fewer than two photos can be adjusted"), skipped
    paths = [source.paths[i] for i in usable]
    found = _looked_at(shots, paths, jobs, report)
    views = views_of(shots, frame, heights[0], heights[1:])
    pairs = overlapping(views, source.ground)
    matches = all_matches(
        found, pairs, jobs, lambda done: report(Progress("adjust", done, len(pairs), "matching photos"))
    )
    turned = turned_over(views, source.ground, found, matches)
    shots = with_turned(shots, turned)
    views = views_of(shots, frame, heights[0], heights[1:])
    ties = Ties.of(views, source.ground, found, matches)
    report(Progress("adjust", 0, 0, f"solving {len(shots)} photos by {ties.count} tie points"))
    names = shots["photo"].map(_name).to_numpy(dtype=str)
    controls = [(int(i), control) for control in source.controls for i in np.flatnonzero(names == control.photo)]
    block, control_points = _block(shots, views, ties, source.ground, controls, frame)
    solved = solve(block)
    held = np.bincount(block.photo, minlength=len(shots))
    parts = _parts_held(views, ties)
    enough = (held >= LEAST_TIES) & (parts >= LEAST_PARTS)
    skipped += [
        Skipped(str(shots["shot_id"][i]), f"stays as it was: {held[i]} tie points in {parts[i]} of its 9 parts; "
                f"expected {LEAST_TIES} in {LEAST_PARTS} (little overlap, or nothing that stands still: water, leaves)")
        for i in np.flatnonzero(~enough)
    ]  # fmt: skip
    table = correction_table(shots, solved, views, block, np.where(enough, held, 0), turned)
    table = table.loc[enough | (turned == 1)].reset_index(drop=True)
    result = Result(views, solved, block.flight, ties, enough, turned, len(control_points))
    return table, gain(result, shots, len(source.shots), source.ground), skipped


def _parts_held(views: Views, ties: Ties) -> Ints:
    """Return (n,) in how many of a picture's nine parts, three by three, its tie points lie."""
    size = np.array([camera.image_wh for camera in views.cameras], dtype=float)[views.camera_of][ties.photo]
    part = (
        np.clip((3 * (ties.pixels + 0.5) / size).astype(np.intp), 0, 2)
        if len(size)
        else np.empty((0, 2), dtype=np.intp)
    )
    filled = np.zeros((len(views.enu_m), 9), dtype=bool)
    filled[ties.photo, 3 * part[:, 1] + part[:, 0]] = True
    return np.asarray(filled.sum(axis=1), dtype=np.intp)


def _name(photo: str) -> str:
    return Path(photo).name


def _usable(shots: pd.DataFrame, source: Source) -> tuple[Ints, dict[int, str]]:
    needed = ["lon_deg", "lat_deg", "yaw_deg", "pitch_deg", "roll_deg", "fx_px", "fy_px", "cx_px", "cy_px",
              "position_sigma_m", "position_bias_sigma_m"]  # fmt: skip
    height = source.levels.up_m + source.levels.sigma_m + source.levels.bias_sigma_m
    known = np.isfinite(shots[needed].to_numpy(dtype=float)).all(axis=1) & np.isfinite(height)
    camera = shots["attitude_of"].eq("camera").to_numpy()
    image = np.array([path is not None for path in source.paths])
    reasons = {}
    for i in range(len(shots)):
        if not image[i]:
            reasons[i] = "cannot be adjusted: it has no image"
        elif not (known[i] and camera[i]):
            reasons[i] = "cannot be adjusted: position, height, attitude or focal length is not known"
    return np.flatnonzero(known & camera & image).astype(np.intp), reasons


def _looked_at(shots: pd.DataFrame, paths: Sequence[Path | None], jobs: int, report: Report) -> list[Features | None]:
    sizes = shots[["image_width_px", "image_height_px"]].to_numpy(dtype=int).tolist()
    photos = [(path or Path(), (int(w), int(h))) for path, (w, h) in zip(paths, sizes, strict=True)]
    return all_features(
        photos, jobs, lambda done: report(Progress("adjust", done, len(photos), "looking for tie points"))
    )


def _block(
    shots: pd.DataFrame, views: Views, ties: Ties, ground: Ground, controls: Sequence[tuple[int, Control]],
    frame: LocalFrame,
) -> tuple[Block, list[str]]:  # fmt: skip
    """Return the solve's input from the ties that are not held out, control points behind the tie points."""
    rows = np.flatnonzero(ties.held_out == 0)
    names, point = np.unique(ties.track[rows], return_inverse=True)
    photo, pixels, px = ties.photo[rows], ties.pixels[rows], ties.px[rows]
    on_ground = ground_of(views, ground, photo, pixels)
    points = np.zeros((len(names), 3))
    np.add.at(points, point, on_ground)
    points /= np.bincount(point, minlength=len(names))[:, None]
    sigma = np.tile([1e3, 1e3, _RELIEF_M], (len(names), 1))
    control_names = sorted({control.name for _, control in controls})
    if controls:
        known = {control.name: control for _, control in controls}
        places = frame.to_metres([(known[name].lon_deg, known[name].lat_deg) for name in control_names])
        height = np.nan_to_num(ground.height_m(places))
        points = np.vstack([points, np.column_stack([places, height])])
        sigma = np.vstack([sigma, np.array([(known[n].sigma_m, known[n].sigma_m, _RELIEF_M) for n in control_names])])
        photo = np.concatenate([photo, [i for i, _ in controls]]).astype(np.intp)
        pixels = np.vstack([pixels, [control.pixel for _, control in controls]])
        px = np.concatenate([px, np.full(len(controls), TIE_SIGMA_PX)])
        point = np.concatenate([point, [len(names) + control_names.index(control.name) for _, control in controls]])
    rays, _ = rays_camera(views, photo, pixels)
    focal = np.array([(camera.fx_px + camera.fy_px) / 2 for camera in views.cameras])[views.camera_of]
    flights, flight = np.unique(shots["flight_id"].to_numpy(dtype=str), return_inverse=True)
    first = np.array([np.flatnonzero(flight == number)[0] for number in range(len(flights))])
    yaw = np.where(views.yaw_rad > np.radians(_UNKNOWN_YAW_DEG), np.radians(YAW_KNOWN_DEG), views.yaw_rad)
    small = 1e-4
    pose = [views.position_m, views.position_m, views.height_m, views.roll_rad, views.pitch_rad, yaw]
    shared = [views.position_bias_m, views.position_bias_m, views.height_bias_m, np.nan_to_num(views.focal, nan=0.05)]
    block = Block(
        enu_m=views.enu_m,
        rotation=views.rotation,
        heading_rad=views.heading_rad,
        sigma=np.maximum(np.stack(pose, axis=-1), small),
        flight=flight.astype(np.intp),
        flight_sigma=np.maximum(np.stack(shared, axis=-1)[first], small),
        points_m=points,
        point_sigma=sigma,
        photo=photo,
        point=point.astype(np.intp),
        seen=rays[:, :2] / rays[:, 2:],
        sigma_seen=px / focal[photo],
    )
    return block, control_names
