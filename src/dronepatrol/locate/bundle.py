"""Small corrections of poses from tie points: a bundle adjustment with priors, by sparse normal equations.

Unknown are for each photo its position and three small turns (6), for each flight its bias of position and height and a
share of the focal length (4), and for each tie point its place (3). Photos and flights have priors from the sigmas of
their poses, so that the block stays where its GNSS puts it; tie points have a weak prior of height from the ground. The
points are eliminated (Schur complement, Brown 1958), the rest is solved by a sparse factorisation; residuals weigh in
by Huber's function at first, then by Geman and McClure's, to which what is far off says nothing. Robust weights and
linearisation are renewed in every round.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_diag, bsr_array, csc_array, csr_array
from scipy.sparse.linalg import splu

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_ROUNDS = 14
_HUBER = 1.5
_GENTLE = 4  # rounds in which even what is far off has a say
_FAR = 4.0
_STILL = 1e-3
_POSE, _FLIGHT = 6, 4


@dataclass(frozen=True, slots=True)
class Block:
    """What is known before: N photos of F flights, P tie points, m times that a photo shows a point.

    Photos: ``enu_m`` (N, 3); ``rotation`` (N, 3, 3) camera to NED; ``heading_rad`` (N,); ``sigma`` (N, 6) of east,
    north, up (m), roll, pitch, yaw (rad); ``flight`` (N,). Flights: ``flight_sigma`` (F, 4) of east, north, up (m),
    focal share. Points: ``points_m`` (P, 3), ``point_sigma`` (P, 3). Sightings: ``photo``, ``point`` (m,); ``seen``
    (m, 2) image coordinates free of distortion over the focal length; ``sigma_seen`` (m,) of them.
    """

    enu_m: Floats
    rotation: Floats
    heading_rad: Floats
    sigma: Floats
    flight: Ints
    flight_sigma: Floats
    points_m: Floats
    point_sigma: Floats
    photo: Ints
    point: Ints
    seen: Floats
    sigma_seen: Floats


@dataclass(frozen=True, slots=True)
class Solved:
    """Corrected poses ``enu_m`` (N, 3) and ``rotation`` (N, 3, 3), by ``change`` (N, 6) and ``flights`` (F, 4).

    ``covariance`` (N, 6, 6) of each photo's pose with its flight's bias held, ``flight_sigma`` (F, 4) what remains of
    the flights' own; ``points_m`` (P, 3); ``weight`` (m,) how far each sighting was believed, 0 to 1.
    """

    enu_m: Floats
    rotation: Floats
    change: Floats
    flights: Floats
    covariance: Floats
    flight_sigma: Floats
    points_m: Floats
    weight: Floats


def solve(block: Block) -> Solved:
    """Return the most likely poses."""
    n, f = len(block.enu_m), len(block.flight_sigma)
    change, flights = np.zeros((n, _POSE)), np.zeros((f, _FLIGHT))
    rotation, points = block.rotation.copy(), block.points_m.copy()
    weight, system = np.ones(len(block.photo)), None
    for number in range(_ROUNDS):
        residual, by_pose, by_flight, by_point = _sightings(block, rotation, change, flights, points)
        size = np.linalg.norm(residual, axis=1)
        if number < _GENTLE:
            weight = np.where(size > _HUBER, _HUBER / np.maximum(size, _HUBER), 1.0)
        else:
            weight = 1.0 / (1.0 + (size / _FAR) ** 2) ** 2
        system = _System(block, weight, (residual, by_pose, by_flight, by_point), (change, flights, points))
        step = system.step()
        step_pose, step_flight = step[: _POSE * n].reshape(n, _POSE), step[_POSE * n :].reshape(f, _FLIGHT)
        points = points + system.point_steps(step)
        change, flights = change + step_pose, flights + step_flight
        rotation = _turned(rotation, block.heading_rad, step_pose[:, 3:])
        if number > _GENTLE and np.abs(step_pose[:, :3]).max(initial=0.0) < _STILL:
            break
    covariance, flight_sigma = system.spread(n, f) if system is not None else (np.zeros((n, 6, 6)), block.flight_sigma)
    residual, *_ = _sightings(block, rotation, change, flights, points)
    worse = max(1.0, float((weight[:, None] * residual**2).mean())) if len(residual) else 1.0  # than sigmas say
    covariance = worse * covariance
    return Solved(block.enu_m + change[:, :3], rotation, change, flights, covariance, flight_sigma, points, weight)


def axes_ned(heading_rad: Floats) -> Floats:
    """Return (N, 3, 3) whose columns are the axes of roll, pitch and yaw (``geo.rotation.tilted``)."""
    cos, sin, zero = np.cos(heading_rad), np.sin(heading_rad), np.zeros_like(heading_rad)
    rows = [[cos, -sin, zero], [sin, cos, zero], [zero, zero, zero + 1]]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def _cross(vectors: Floats) -> Floats:
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    return np.stack([np.stack(row, -1) for row in ([zero, -z, y], [z, zero, -x], [-y, x, zero])], axis=-2)


def _turned(rotation: Floats, heading_rad: Floats, turns: Floats) -> Floats:
    """Return rotations after small turns (N, 3) about their axes (Rodrigues)."""
    vector = np.einsum("nij,nj->ni", axes_ned(heading_rad), turns)
    angle = np.linalg.norm(vector, axis=1)[:, None, None]
    skew = _cross(vector)
    sine, cosine = np.sinc(angle / np.pi), 0.5 * np.sinc(angle / 2 / np.pi) ** 2
    return np.asarray((np.eye(3) + sine * skew + cosine * skew @ skew) @ rotation)


_NED_OF_ENU = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])


def _sightings(
    block: Block, rotation: Floats, change: Floats, flights: Floats, points: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return residuals (m, 2) in sigmas and their changes by pose (m, 2, 6), focal (m, 2, 1) and point (m, 2, 3)."""
    photo, flight = block.photo, block.flight[block.photo]
    away = (points[block.point] - block.enu_m[photo] - change[photo, :3]) @ _NED_OF_ENU
    to_camera = np.swapaxes(rotation[photo], 1, 2)
    ray = np.einsum("mij,mj->mi", to_camera, away)
    depth = np.maximum(ray[:, 2], 0.1)
    ideal = ray[:, :2] / depth[:, None]
    longer = 1.0 + flights[flight, 3]
    scale = 1.0 / block.sigma_seen
    residual = (ideal * longer[:, None] - block.seen) * scale[:, None]
    project = np.zeros((len(photo), 2, 3))
    project[:, 0, 0] = project[:, 1, 1] = 1.0
    project[:, :, 2] = -ideal
    project *= (longer * scale / depth)[:, None, None]
    by_ned = project @ to_camera
    by_point = by_ned @ _NED_OF_ENU
    by_turn = by_ned @ _cross(away) @ axes_ned(block.heading_rad)[photo]
    by_pose = np.concatenate([-by_point, by_turn], axis=2)
    return residual, by_pose, (ideal * scale[:, None])[:, :, None], by_point


class _System:
    """The normal equations of one round, the points eliminated."""

    def __init__(
        self, block: Block, weight: Floats, sightings: tuple[Floats, Floats, Floats, Floats],
        now: tuple[Floats, Floats, Floats],
    ) -> None:  # fmt: skip
        residual, by_pose, by_focal, by_point = sightings
        change, flights, points = now
        n, f, p, m = len(change), len(flights), len(points), len(residual)
        root = np.sqrt(weight)[:, None, None]
        left = _poses_and_focal(block, by_pose * root, by_focal * root, n, f)
        starts = np.arange(m + 1)
        right = bsr_array((by_point * root, block.point, starts), shape=(2 * m, 3 * p)).tocsr()
        away = (residual * root[:, :, 0]).ravel()
        prior, prior_away = _priors(block, change, flights)
        held = (points - block.points_m) / block.point_sigma**2
        blocks = np.zeros((p, 3, 3))
        np.add.at(blocks, block.point, np.swapaxes(by_point * root, 1, 2) @ (by_point * root))
        blocks[:, [0, 1, 2], [0, 1, 2]] += 1.0 / block.point_sigma**2
        self._inverse = bsr_array((np.linalg.inv(blocks), np.arange(p), np.arange(p + 1)), shape=(3 * p, 3 * p)).tocsr()
        self._coupling = csr_array(left.T @ right)
        self._point_away = right.T @ away + held.ravel()
        self.normal = csc_array(left.T @ left + prior - self._coupling @ self._inverse @ self._coupling.T)
        self._away = left.T @ away + prior_away - self._coupling @ (self._inverse @ self._point_away)

    def step(self) -> Floats:
        """Return the step of poses and flights."""
        return np.asarray(splu(self.normal).solve(-self._away))

    def point_steps(self, step: Floats) -> Floats:
        """Return (P, 3) the step of the points that goes with it."""
        return np.asarray(-(self._inverse @ (self._point_away + self._coupling.T @ step))).reshape(-1, 3)

    def spread(self, n: int, f: int) -> tuple[Floats, Floats]:
        """Return (N, 6, 6) covariances of the poses with the flights held, and (F, 4) sigmas of the flights."""
        held = splu(csc_array(self.normal[: _POSE * n, : _POSE * n]))
        covariance = np.empty((n, _POSE, _POSE))
        for start in range(0, n, 64):
            stop = min(start + 64, n)
            unit = np.zeros((_POSE * n, _POSE * (stop - start)))
            unit[np.arange(_POSE * start, _POSE * stop), np.arange(_POSE * (stop - start))] = 1.0
            solved = held.solve(unit)[_POSE * start : _POSE * stop].reshape(stop - start, _POSE, stop - start, _POSE)
            covariance[start:stop] = solved[np.arange(stop - start), :, np.arange(stop - start), :]
        unit = np.zeros((self.normal.shape[0], _FLIGHT * f))
        unit[_POSE * n + np.arange(_FLIGHT * f), np.arange(_FLIGHT * f)] = 1.0
        whole = splu(self.normal).solve(unit)[_POSE * n :]
        return covariance, np.sqrt(np.maximum(np.diag(whole), 0.0)).reshape(f, _FLIGHT)


def _poses_and_focal(block: Block, by_pose: Floats, by_focal: Floats, n: int, f: int) -> csr_array:
    """Return (2m, 6N + 4F) the changes of the weighted residuals by everything but the points."""
    m = len(by_pose)
    rows = np.repeat(np.arange(2 * m), _POSE + 1)
    columns = np.empty((m, 2, _POSE + 1), dtype=np.intp)
    columns[:, :, :_POSE] = (_POSE * block.photo)[:, None, None] + np.arange(_POSE)
    columns[:, :, _POSE] = (_POSE * n + _FLIGHT * block.flight[block.photo] + 3)[:, None]
    values = np.concatenate([by_pose, by_focal], axis=2)
    return csr_array((values.ravel(), (rows, columns.ravel())), shape=(2 * m, _POSE * n + _FLIGHT * f))


def _priors(block: Block, change: Floats, flights: Floats) -> tuple[csr_array, Floats]:
    """Return the normal equations of what was known before: each photo about its flight's bias, flights about zero."""
    n, f = len(change), len(flights)
    root = block_diag([csr_array((1.0 / block.sigma.ravel(), (np.arange(_POSE * n), np.arange(_POSE * n)))),
                       csr_array((1.0 / block.flight_sigma.ravel(), (np.arange(_FLIGHT * f), np.arange(_FLIGHT * f))))],
                      format="lil")  # fmt: skip
    for axis in range(3):
        own, flight = _POSE * np.arange(n) + axis, _POSE * n + _FLIGHT * block.flight + axis
        root[own, flight] = -1.0 / block.sigma[:, axis]
    rows = csr_array(root)
    values = np.concatenate([change.ravel(), flights.ravel()])
    return csr_array(rows.T @ rows), np.asarray(rows.T @ (rows @ values))
