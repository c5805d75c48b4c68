"""The photos' own errors, found from what they show: all sightings of a photo are off by nearly the same vector.

Two photos that show the same things differ by one shift, a little turned and scaled. For each two photos every pair of
sightings that may be one thing proposes a shift. Its cost is that of the shift under the poses' errors, plus how far
apart what it joins still is, plus a charge for each thing that one photo shows and the other should show there but does
not: a row of parked cars that is moved on by one has an end too many. The cheapest shift of each two photos gives
pairs; all photos' corrections then follow from all pairs at once (robust least squares), and the next round proposes
from corrected places, where a wrong shift of a few photos stands against the others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator, cg

from dronepatrol.issues.candidates import Pairs, group_starts, strongest
from dronepatrol.issues.frames import Frames
from dronepatrol.issues.sightings import GATE, Floats, Ints, Sightings, shared_bias_m2

_REWEIGHTED = 3  # times that residuals are weighed anew in a round
_MISSED = 6.0  # what it costs that a photo does not show what it should: one in twenty
_INSIDE_M = 2.0  # a photo should show what is this far inside its edge
_CHANGE = (0.05, 0.03, 0.02)  # how much a shift may change per metre within a photo, by round
_TURN, _SCALE = 0.04, 0.02  # 1 sigma of a photo's turn (rad) and scale
_TIGHTEST_M = 0.4  # a photo's place is never taken for better known than this when shifts are proposed
_CHUNK = 400_000
_FAR = 2.0  # of residuals in sigmas, from which on they lose their say (Cauchy)


@dataclass(frozen=True, slots=True)
class Corrected:
    """n sightings at their corrected places (n, 2), ``sigma_m`` (n,) how well their photo's correction is known."""

    place_m: Floats
    sigma_m: Floats


@dataclass(frozen=True, slots=True)
class _Now:
    """What a round starts from: places (n, 2), variances of photos (P,) and flights (F,); ``change`` per metre."""

    place_m: Floats
    variance_m2: Floats
    flight_m2: Floats
    change: float


@dataclass(frozen=True, slots=True)
class _Seen:
    """The sightings by photo: ``order`` (n,), where each photo's ``begin``; ``deep`` (n,) 1 well inside its edge."""

    frames: Frames
    order: Ints
    begin: Ints
    deep: Floats


def corrected(s: Sightings, pairs: Pairs, frames: Frames) -> Corrected:
    """Return the sightings with their photos' errors taken out as far as they show."""
    photos = int(s.photo.max(initial=-1)) + 1
    prior = _of_photos(np.trace(s.apart_m2, axis1=1, axis2=2) / 2, s.photo, photos)
    prior[~np.isfinite(prior)] = 1.0  # photos of other flights
    place, variance, of_flight = s.place_m, prior, shared_bias_m2(s)[:, 0, 0] if len(s) else np.empty(0)
    flight_prior = of_flight
    if not len(pairs.i):
        return Corrected(place, np.sqrt(prior)[s.photo])
    used = strongest(s, pairs, photos)
    centre = _centres(s, photos)
    x = np.zeros(4 * photos + 2 * len(flight_prior))
    for change in _CHANGE:
        now = _Now(place, np.maximum(variance, _TIGHTEST_M**2), of_flight, change)
        used = _still_near(s, used, now)
        if not len(used.i):
            break
        chosen, sure = _agreed(s, used, now, frames)
        joined = Pairs(used.i[chosen], used.j[chosen])
        place, variance, x = _solved(s, joined, sure, (prior, flight_prior, x), centre)
        of_flight = np.minimum(flight_prior, _TIGHTEST_M**2)
    return Corrected(place, np.sqrt(variance)[s.photo])


def _spread(s: Sightings, pairs: Pairs, now: _Now) -> Floats:
    """Return (c,) variances, per axis, of the shift between the photos of pairs."""
    i, j = pairs.i, pairs.j
    between = np.where(s.flight[i] != s.flight[j], now.flight_m2[s.flight[i]] + now.flight_m2[s.flight[j]], 0.0)
    return np.asarray(now.variance_m2[s.photo[i]] + now.variance_m2[s.photo[j]] + between)


def _still_near(s: Sightings, pairs: Pairs, now: _Now) -> Pairs:
    """Return the pairs that may still be one thing at corrected places."""
    i, j = pairs.i, pairs.j
    allowed = _spread(s, pairs, now) + s.box_sigma_m[i] ** 2 + s.box_sigma_m[j] ** 2
    keep = ((now.place_m[i] - now.place_m[j]) ** 2).sum(axis=1) < GATE * allowed
    return Pairs(i[keep], j[keep])


def _of_photos(values: Floats, photo: Ints, photos: int) -> Floats:
    """Return (P,) the least value of each photo."""
    least = np.full(photos, np.inf)
    np.minimum.at(least, photo, values)
    return least


def _centres(s: Sightings, photos: int) -> Floats:
    count = np.maximum(np.bincount(s.photo, minlength=photos), 1)
    return np.stack([np.bincount(s.photo, s.place_m[:, k], photos) / count for k in (0, 1)], axis=-1)


def _agreed(s: Sightings, pairs: Pairs, now: _Now, frames: Frames) -> tuple[Ints, Floats]:
    """Return the pairs that agree with the cheapest shift of their two photos, and (k,) how sure that shift is."""
    starts = group_starts(s, pairs)
    size = np.diff(starts)
    order = np.argsort(s.photo, kind="stable")
    begin = np.searchsorted(s.photo[order], np.arange(int(s.photo.max()) + 2))
    seen = _Seen(frames, order, begin, (frames.inside_m(s.photo, s.place_m) > _INSIDE_M).astype(float))
    many = np.diff(begin)
    work = size * (size + many[s.photo[pairs.i[starts[:-1]]]] + many[s.photo[pairs.j[starts[:-1]]]])
    cuts = np.flatnonzero(np.diff(np.cumsum(work) // _CHUNK)) + 1
    chosen, sure = [], []
    for groups in np.split(np.arange(len(size)), cuts):
        if len(groups):
            part = slice(starts[groups[0]], starts[groups[-1] + 1])
            rows, weight = _vote(s, Pairs(pairs.i[part], pairs.j[part]), size[groups], now, seen)
            chosen.append(rows + starts[groups[0]])
            sure.append(weight)
    return np.concatenate(chosen), np.concatenate(sure)


def _vote(s: Sightings, pairs: Pairs, size: Ints, now: _Now, seen: _Seen) -> tuple[Ints, Floats]:
    """Return the pairs that agree with the cheapest proposal of their two photos, and how sure that proposal is."""
    place, change = now.place_m, now.change
    i, j = pairs.i, pairs.j
    shift = place[i] - place[j]
    spread = _spread(s, pairs, now)
    box = s.box_sigma_m[i] ** 2 + s.box_sigma_m[j] ** 2
    group = np.repeat(np.arange(len(size)), size)
    start = np.cumsum(size) - size
    # every proposal a against every pair b of the same two photos
    a = np.repeat(np.arange(len(i)), size[group])
    b = np.arange(len(a)) - np.repeat(np.cumsum(size[group]) - size[group], size[group]) + start[group[a]]
    apart2 = ((place[i[a]] - place[i[b]]) ** 2).sum(axis=1)
    allowed = box[a] + box[b] + change**2 * apart2
    off2 = ((shift[a] - shift[b]) ** 2).sum(axis=1) / allowed
    deep = seen.deep[i[b]] + seen.deep[j[b]]
    gain = np.maximum(_MISSED - off2, 0.0) * deep
    fresh = np.ones(len(a), dtype=bool)  # pairs are sorted by i: of those that join one i, the best counts
    fresh[1:] = (a[1:] != a[:-1]) | (i[b[1:]] != i[b[:-1]])
    heads = np.flatnonzero(fresh)
    best_gain = np.maximum.reduceat(gain, heads)
    gained = np.bincount(a[heads], best_gain, len(i))
    cost = (shift**2).sum(axis=1) / spread - gained
    doubt = np.flatnonzero(_is_doubtful(i, j, group)[group])  # elsewhere nothing else can be meant
    for one, other, way in ((i, j, shift), (j, i, -shift)):
        cost[doubt] += _MISSED * _expected(s, (one[doubt], other[doubt]), way[doubt], seen, place)
    order = np.lexsort((cost, group))
    best = order[start]
    winner = best[group]
    agrees = np.flatnonzero((group[a] == group[winner[a]]) & (a == winner[a]) & (off2 < GATE))
    rows, off2 = b[agrees], off2[agrees]
    other = ((shift - shift[winner]) ** 2).sum(axis=1) > (3.0 * np.sqrt(box) + 1.0) ** 2
    second = np.full(len(size), np.inf)
    np.minimum.at(second, group[other], cost[other])
    gap = np.minimum(second - cost[best], GATE)
    rows = _one_to_one(i, j, group, rows, off2)
    return rows, np.maximum(gap[group[rows]] / GATE, 0.02)


def _expected(s: Sightings, pair: tuple[Ints, Ints], shift: Floats, seen: _Seen, place: Floats) -> Floats:
    """Return for each proposal how many sightings of its first photo its second should show, by its shift."""
    here, there = s.photo[pair[0]], s.photo[pair[1]]
    begin = seen.begin
    count = begin[here + 1] - begin[here]
    proposal = np.repeat(np.arange(len(here)), count)
    row = seen.order[np.arange(len(proposal)) - np.repeat(np.cumsum(count) - count, count) + begin[here][proposal]]
    # the footprint is where the photo's raw pose puts it: take the correction of the second photo out again
    moved = s.place_m[pair[1]] - place[pair[1]] - shift
    normal, offset = seen.frames.normal[there], seen.frames.offset[there]
    offset = offset + np.einsum("pkx,px->pk", normal, moved) - _INSIDE_M
    x, y = place[row, 0], place[row, 1]
    inside = np.ones(len(row), dtype=bool)
    for k in range(4):
        inside &= np.repeat(normal[:, k, 0], count) * x + np.repeat(normal[:, k, 1], count) * y > -np.repeat(
            offset[:, k], count
        )
    return np.asarray(np.bincount(proposal, inside, len(here)), dtype=float)


def _is_doubtful(i: Ints, j: Ints, group: Ints) -> NDArray[np.bool_]:
    """Return (g,) whether a sighting of two photos has more than one that it may be."""
    doubtful = np.zeros(int(group.max()) + 1, dtype=bool)
    doubtful[group[1:][(i[1:] == i[:-1]) & (group[1:] == group[:-1])]] = True
    order = np.lexsort((j, group))
    again = (j[order][1:] == j[order][:-1]) & (group[order][1:] == group[order][:-1])
    doubtful[group[order][1:][again]] = True
    return doubtful


def _one_to_one(i: Ints, j: Ints, group: Ints, rows: Ints, off2: Floats) -> Ints:
    """Return of the rows those that are the best of their i and of their j within two photos."""
    rows = rows[np.argsort(off2, kind="stable")]
    for one in (i, j):
        code = group[rows] * (int(one.max(initial=0)) + 1) + one[rows]
        rows = rows[np.sort(np.unique(code, return_index=True)[1])]
    return rows


def _solved(
    s: Sightings, pairs: Pairs, sure: Floats, before: tuple[Floats, Floats, Floats], centre: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return corrected places, (P,) variances of the photos' corrections, and all corrections to start from again."""
    prior, flight_prior, x = before
    photos, flights = len(prior), len(flight_prior)
    size = 4 * photos + 2 * flights
    design_place = s.place_m - centre[s.photo]
    i, j = pairs.i, pairs.j
    variance = s.box_sigma_m[i] ** 2 + s.box_sigma_m[j] ** 2 + 0.1**2
    away = s.place_m[i] - s.place_m[j]
    columns, values = _design(s, (i, j), design_place, 4 * photos)
    begin = np.arange(0, columns.size + 1, columns.shape[1], dtype=columns.dtype)
    matrix = csr_array((values.ravel(), columns.ravel(), begin), shape=(2 * len(i), size))
    held = np.stack([1 / prior, 1 / prior, np.full(photos, _TURN**-2.0), np.full(photos, _SCALE**-2.0)], -1).ravel()
    held = np.concatenate([held, np.repeat(1 / flight_prior, 2)])
    weight = sure / variance
    back, squares = matrix.T, csr_array((matrix.data**2, matrix.indices, matrix.indptr), shape=matrix.shape).T
    for _ in range(_REWEIGHTED):
        two = np.repeat(weight, 2)
        scale = 1 / np.sqrt(squares @ two + held)

        def normal(v: Floats, two: Floats = two, scale: Floats = scale) -> Floats:
            inner = scale * v
            return np.asarray(scale * (back @ (two * (matrix @ inner)) + held * inner))

        system = LinearOperator((size, size), matvec=normal, dtype=float)
        x = scale * cg(system, scale * (back @ (two * away.ravel())), x0=x / scale, rtol=1e-3, maxiter=200)[0]
        left = (away.ravel() - matrix @ x).reshape(-1, 2)
        off2 = (left**2).sum(axis=1) / variance
        weight = sure / variance / (1 + off2 / _FAR**2)
    by = x[: 4 * photos].reshape(photos, 4)[s.photo]
    by[:, :2] += x[4 * photos :].reshape(flights, 2)[s.flight]
    turned = np.stack([-design_place[:, 1], design_place[:, 0]], axis=-1)
    place = s.place_m - by[:, :2] - by[:, 2:3] * turned - by[:, 3:] * design_place
    own = np.bincount(np.concatenate([s.photo[i], s.photo[j]]), np.concatenate([weight, weight]), photos)
    return place, 1 / (1 / prior + own / 4), x


def _design(s: Sightings, pair: tuple[Ints, Ints], r: Floats, flights_at: int) -> tuple[NDArray[np.int32], Floats]:
    """Return the columns (2 c, 8) and values by which photos (shift, turn, scale) and flights (shift) part sightings.

    A row east and a row north for each of c pairs; the flight of both leaves nothing between them.
    """
    c = len(pair[0])
    columns = np.empty((c, 2, 2, 4), dtype=np.int32)  # of pair, axis, first and second sighting
    values = np.empty((c, 2, 2, 4))
    two_flights = (s.flight[pair[0]] != s.flight[pair[1]]).astype(float)
    for number, (one, sign) in enumerate(zip(pair, (1.0, -1.0), strict=True)):
        base, flight = 4 * s.photo[one], flights_at + 2 * s.flight[one]
        for axis in (0, 1):
            columns[:, axis, number] = np.stack([base + axis, flight + axis, base + 2, base + 3], axis=-1)
            turned = r[one, 0] if axis else -r[one, 1]
            values[:, axis, number] = np.stack([np.ones(c), two_flights, turned, r[one, axis]], axis=-1) * sign
    return columns.reshape(2 * c, 8), values.reshape(2 * c, 8)
