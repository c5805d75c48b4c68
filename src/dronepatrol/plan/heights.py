"""Flying heights over terrain and buildings: as high above the ground as asked, clear of what stands there.

Along every leg the height aimed at is the asked one above the ground, or the clearance above ground and buildings
where that is more. The least line above it that climbs and sinks no faster than the aircraft starts a climb early and
ends a descent late. Of that line few corners are kept: chords of it are no steeper than it is, so that the climb
limits hold on every leg.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.aircraft import AircraftProfile
from dronepatrol.model.mission import Dock, Finding, Mission, Sortie, Waypoint
from dronepatrol.model.terrain import Terrain
from dronepatrol.model.wording import Both, found
from dronepatrol.plan.request import Request
from dronepatrol.terrain.buildings import Skyline

CLEARANCE_M = 15.0
"""Every leg stays this high above buildings, and above the ground where not less is asked for."""
BESIDE_M = 10.0
"""Buildings this far beside a leg count as under it."""
TOLERANCE_SHARE = 0.05
"""Heights above ground may differ from the asked ones by this share, so that few corners are needed."""
SAMPLE_M = 10.0
_CLIMB_SHARE = 0.9
"""What of the aircraft's climb and descent rates is planned with."""
_DOCK_DIFFERS_M = 5.0
_SAME_PLACE_M = 0.05
_STRAIGHT_UP_M = 1e5
"""A leg straight up or down counts as this long: no climb limit reaches across it."""
_CENTIMETRES = 100.0

Array = NDArray[np.float64]


def amsl_m(dock: Dock, height_m: float) -> float:
    """Return the height above mean sea level of a height above take-off."""
    return dock.ground_amsl_m + height_m


def above_take_off_m(dock: Dock, height_amsl_m: float) -> float:
    """Return the height above take-off of a height above mean sea level."""
    return height_amsl_m - dock.ground_amsl_m


def with_heights(mission: Mission, request: Request) -> Mission:
    """Return the mission with waypoint heights that follow the ground, and waypoints added where it bends.

    The heights that come in are taken as heights above level ground; those that go out are above the take-off point,
    whose ground is as high as the dock says. Without terrain and buildings nothing changes; findings say what the
    heights rest on.
    """
    findings = list(_about_terrain(request, mission))
    if request.terrain is None and not request.buildings:
        return replace(mission, findings=(*mission.findings, *findings))
    frame = LocalFrame.around(shapely.multipoints([(w.lon_deg, w.lat_deg) for w in _waypoints(mission)]))
    tracks = [_Track.of(sortie, frame, request.aircraft) for sortie in mission.sorties]
    grounds = _grounds(tracks, request.terrain)
    skylines = {
        level: Skyline(request.buildings, request.terrain, frame, level)
        for level in sorted({sortie.dock.ground_amsl_m for sortie in mission.sorties})
    }
    sorties = []
    for track, ground in zip(tracks, grounds, strict=True):
        sortie, found = _followed(track, ground, skylines[track.sortie.dock.ground_amsl_m], request)
        sorties.append(sortie)
        findings += found
    return replace(mission, sorties=tuple(sorties), findings=(*mission.findings, *findings))


@dataclass(frozen=True)
class _Track:
    """The legs of a sortie from above its dock on, with samples at most ``SAMPLE_M`` apart, corners among them.

    ``corner`` (n,) is the index of the waypoint that a sample is, or -1; the first sample, above the dock, is -1 too.
    """

    sortie: Sortie
    lonlat: Array
    metres: Array
    along_m: Array
    asked_m: Array
    corner: NDArray[np.intp]
    leg: NDArray[np.intp]
    climb: float
    sink: float

    @classmethod
    def of(cls, sortie: Sortie, frame: LocalFrame, aircraft: AircraftProfile) -> "_Track":
        """Return the samples of a sortie; slopes are the steepest climb and descent, metres per metre."""
        first, dock = sortie.waypoints[0], sortie.dock
        lonlat = np.array([(dock.lon_deg, dock.lat_deg), *((w.lon_deg, w.lat_deg) for w in sortie.waypoints)])
        heights = np.array([first.height_m, *(w.height_m for w in sortie.waypoints)])
        corners = frame.to_metres(lonlat)
        lengths = np.hypot(*np.diff(corners, axis=0).T)
        ways = np.where(lengths < _SAME_PLACE_M, _STRAIGHT_UP_M, lengths)
        pieces = np.maximum(np.ceil(lengths / SAMPLE_M), 1).astype(int)
        leg = np.append(np.repeat(np.arange(len(pieces)), pieces), len(pieces) - 1)
        starts = np.concatenate([[0], np.cumsum(pieces)])
        share = np.append(np.concatenate([np.arange(n) / n for n in pieces]), 1.0)
        between = corners[leg] + (corners[leg + 1] - corners[leg]) * share[:, None]
        corner = np.full(len(leg), -1)
        corner[starts[1:]] = np.arange(len(sortie.waypoints))
        return cls(
            sortie=sortie,
            lonlat=lonlat[leg] + (lonlat[leg + 1] - lonlat[leg]) * share[:, None],
            metres=between,
            along_m=np.concatenate([[0.0], np.cumsum(ways)])[leg] + ways[leg] * share,
            asked_m=heights[leg] + (heights[leg + 1] - heights[leg]) * share,
            corner=corner,
            leg=leg,
            climb=_CLIMB_SHARE * aircraft.climb_m_s / sortie.speed_m_s,
            sink=_CLIMB_SHARE * aircraft.descent_m_s / sortie.speed_m_s,
        )


def limited(along_m: Array, aim_m: Array, climb: float, sink: float) -> Array:
    """Return (n,) the least heights, nowhere below the (n,) aimed at, that rise and fall no more than the slopes."""
    climbing = np.maximum.accumulate((aim_m - climb * along_m)[::-1])[::-1] + climb * along_m
    sinking = np.maximum.accumulate(aim_m + sink * along_m) - sink * along_m
    return np.maximum(climbing, sinking)


def _followed(track: _Track, ground: Array, skyline: Skyline, request: Request) -> tuple[Sortie, list[Finding]]:
    """Return the sortie at its heights, and what is to be said about them."""
    dock_m = track.sortie.dock.ground_amsl_m
    known = np.isfinite(ground)
    if known.any():
        ground = np.interp(track.along_m, track.along_m[known], ground[known])
    else:
        ground = np.full(len(ground), dock_m)
    slack = TOLERANCE_SHARE * track.asked_m
    tops = skyline.highest_near_legs(track.metres[:-1], track.metres[1:], BESIDE_M)
    floor = np.maximum(np.append(tops, -np.inf), np.append(-np.inf, tops)) + CLEARANCE_M
    floor = np.maximum(floor, _highest_around(ground) + np.minimum(CLEARANCE_M, track.asked_m - slack)) - dock_m
    line = limited(track.along_m, np.maximum(ground - dock_m + track.asked_m, floor), track.climb, track.sink)
    low, high = np.maximum(line - slack, floor), line + slack
    kept, line = _corners(track, line, low, high)
    flown = np.interp(track.along_m, track.along_m[kept], line[kept])
    said = list(_said(track, flown + dock_m - ground, known, request))
    return _rebuilt(track, line, kept, request.aircraft), said


def _corners(track: _Track, line: Array, low: Array, high: Array) -> tuple[NDArray[np.intp], Array]:
    """Return the samples to keep as corners, so that chords of the line stay between low and high, and the line.

    The line comes back level from the dock to the first waypoint where that is as good.
    """
    must = np.flatnonzero(track.corner >= 0)
    first = must[0] + 1
    if (low[:first] <= line[must[0]]).all() and (line[must[0]] <= high[:first]).all():
        line = np.concatenate([np.full(first, line[must[0]]), line[first:]])
    kept = [0]
    for end in must:
        while kept[-1] < end:
            kept.append(_farthest(track.along_m, line, (low, high), (kept[-1], int(end))))
    return np.array(kept), line


def _farthest(along_m: Array, line: Array, tube: tuple[Array, Array], span: tuple[int, int]) -> int:
    """Return the last sample of a span that a chord of the line from the span's first reaches inside the tube."""
    start, end = span
    ahead = slice(start + 1, end + 1)
    way = np.maximum(along_m[ahead] - along_m[start], 1e-9)
    slope = (line[ahead] - line[start]) / way
    least = np.maximum.accumulate((tube[0][ahead] - line[start]) / way)
    most = np.minimum.accumulate((tube[1][ahead] - line[start]) / way)
    reached = np.flatnonzero((slope >= least - 1e-9) & (slope <= most + 1e-9))
    return start + 1 + int(reached[-1]) if len(reached) else start + 1


def _rebuilt(track: _Track, line: Array, kept: NDArray[np.intp], aircraft: AircraftProfile) -> Sortie:
    """Return the sortie with its waypoints at the line's heights and one more at every other corner kept."""
    sortie, before = track.sortie, track.sortie.waypoints
    above_dock = replace(before[0], photo_step_m=0.0, photo_here=False)
    new = []
    for sample in kept:
        corner, leg = int(track.corner[sample]), int(track.leg[sample])
        height = float(np.ceil(line[sample] * _CENTIMETRES - 1e-4) / _CENTIMETRES)
        lon, lat = (round(float(degrees), 8) for degrees in track.lonlat[sample])
        if corner >= 0:
            new.append(replace(before[corner], height_m=height))
        else:
            like = before[leg - 1] if leg > 0 else above_dock
            new.append(replace(like, lon_deg=lon, lat_deg=lat, height_m=height, photo_here=False))
    if track.corner[kept[1]] == 0 and new[0].height_m == new[1].height_m:
        del new[0]  # level from the take-off on: no corner above the dock
    return _costed(replace(sortie, waypoints=tuple(new)), sortie, aircraft)


def _costed(sortie: Sortie, level: Sortie, aircraft: AircraftProfile) -> Sortie:
    """Return the sortie with time and energy of its climbs added to those planned for level flight.

    Climbing costs what it takes above hovering, at the climb rate; sinking gives nothing back. Climbs along legs are
    within the aircraft's rates and take no time of their own.
    """
    up_m = sortie.waypoints[0].height_m - level.waypoints[0].height_m
    down_m = sortie.waypoints[-1].height_m - level.waypoints[-1].height_m
    rise_m = _rise_m(sortie) - _rise_m(level)
    joules = up_m / aircraft.climb_m_s * aircraft.climb_w + down_m / aircraft.descent_m_s * aircraft.hover_w
    joules += rise_m / aircraft.climb_m_s * (aircraft.climb_w - aircraft.hover_w)
    seconds = up_m / aircraft.climb_m_s + down_m / aircraft.descent_m_s
    return replace(
        sortie,
        planned_time_s=round(level.planned_time_s + seconds, 1),
        planned_energy_wh=round(level.planned_energy_wh + joules / 3600.0, 2),
    )


def _rise_m(sortie: Sortie) -> float:
    return float(np.maximum(np.diff([w.height_m for w in sortie.waypoints]), 0.0).sum())


def _said(track: _Track, above_ground_m: Array, known: NDArray[np.bool_], request: Request) -> Iterator[Finding]:
    """Yield where a sortie's heights are not what was asked, or rest on no terrain."""
    name = track.sortie.id
    if request.terrain is not None and not known.all():
        place = _lonlat(track, int(np.argmin(known)))
        source, share = request.terrain.source, f"{1 - known.mean():.0%}"
        message = Both(
            f"{name}: {share} of its way lie where {source} knows no height",
            f"{name}: {share} 的航程上 {source} 没有高程",
        )
        todo = Both(
            "give a terrain model of the whole patrol; here the nearest known height on the way was taken",
            "请给出覆盖整个巡查范围的地形模型；此处取航路上最近的已知高程",
        )
        yield found("terrain", "warning", message, todo, place)
    over = np.where(track.asked_m > 0, above_ground_m / track.asked_m, 1.0)
    worst = int(np.argmax(over))
    if over[worst] > 1 + 2 * TOLERANCE_SHARE + 1e-3:
        most, asked = f"{above_ground_m[worst]:.0f}", f"{track.asked_m[worst]:.0f}"
        message = Both(
            f"{name} flies up to {most} m above ground, where {asked} m"
            " were asked: buildings or steep ground leave no lower way",
            f"{name} 真高达 {most} 米，要求为 {asked} 米：因建筑物或陡坡无法更低",
        )
        todo = Both(
            "accept coarser photos there, or take the building or slope out of the area",
            "接受该处照片分辨率较低，或把该建筑物、陡坡划出巡查区",
        )
        yield found("terrain", "warning", message, todo, _lonlat(track, worst))


def _about_terrain(request: Request, mission: Mission) -> Iterator[Finding]:
    terrain = request.terrain
    if terrain is None:
        message = Both(
            "no terrain model: the ground is taken to be level with the dock", "没有地形模型：地面按与机场齐平计"
        )
        todo = Both("name a dem in [files] where the ground is not level", "地面不平时在 [files] 中给出 dem")
        yield found("terrain", "info", message, todo)
        return
    message = Both(
        f"heights follow {terrain.source}, within {TOLERANCE_SHARE:.0%} of those asked",
        f"航高按 {terrain.source} 仿地，与要求相差不超过 {TOLERANCE_SHARE:.0%}",
    )
    todo = Both("see that the model is of this place and up to date", "确认该模型覆盖本地且未过时")
    yield found("terrain", "info", message, todo)
    for dock in {sortie.dock.id: sortie.dock for sortie in mission.sorties}.values():
        modelled = float(terrain.height_m([dock.lon_deg, dock.lat_deg]))
        if abs(modelled - dock.ground_amsl_m) > _DOCK_DIFFERS_M:
            message = Both(
                f"dock {dock.id} stands at {dock.ground_amsl_m:.1f} m; {terrain.source} says {modelled:.1f} m",
                f"机场 {dock.id} 高程为 {dock.ground_amsl_m:.1f} 米；{terrain.source} 为 {modelled:.1f} 米",
            )
            todo = Both(
                "check ground_amsl_m of the dock: every height of its sorties is counted from it",
                "核对该机场的 ground_amsl_m：其各架次的高度都由此起算",
            )
            yield found("terrain", "warning", message, todo, (dock.lon_deg, dock.lat_deg))


def _grounds(tracks: list[_Track], terrain: Terrain | None) -> list[Array]:
    """Return the ground's height at the samples of each track, read in one go; NaN where unknown."""
    if terrain is None:
        return [np.full(len(track.leg), track.sortie.dock.ground_amsl_m) for track in tracks]
    heights = terrain.height_m(np.vstack([track.lonlat for track in tracks]))
    return np.split(heights, np.cumsum([len(track.leg) for track in tracks])[:-1])


def _highest_around(ground: Array) -> Array:
    """Return (n,) the highest of each sample and its neighbours."""
    padded = np.pad(ground, 1, mode="edge")
    return np.maximum(np.maximum(padded[:-2], padded[2:]), ground)


def _lonlat(track: _Track, sample: int) -> tuple[float, float]:
    lon, lat = track.lonlat[sample]
    return round(float(lon), 7), round(float(lat), 7)


def _waypoints(mission: Mission) -> Iterator[Waypoint]:
    return (waypoint for sortie in mission.sorties for waypoint in sortie.waypoints)
