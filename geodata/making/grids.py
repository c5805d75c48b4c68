"""Unit grids of 10,000 m2 with the 15-digit codes of GB/T 47678: community (12 digits) and a number within it.

Real grids follow blocks and are drawn by the city; these are squares on a lattice over the middle of the urban area,
and each belongs to the nearest of a few invented community centres.
"""

from collections import defaultdict

import numpy as np
import shapely

from making.tables import INVENTED, Feature, feature, origins, rows

CELL_M = 100.0
CELLS = 20
"""So many squares along each side: 4 km2, which keeps the file small. All 30 km2 would be 3,000 of them."""


def unit_grids() -> list[Feature]:
    """Return the grids, numbered within their community from west to east, row by row from north to south."""
    frame = origins()["urban"]
    communities = rows("communities.csv")
    centres = np.array([(float(row["east_m"]), float(row["north_m"])) for row in communities])
    numbers: dict[int, int] = defaultdict(int)
    made = []
    side = CELLS * CELL_M / 2
    for north in np.arange(side - CELL_M, -side - 1, -CELL_M):
        for east in np.arange(-side, side - 1, CELL_M):
            middle = np.array([east, north]) + CELL_M / 2
            of = int(np.argmin(np.hypot(*(centres - middle).T)))
            numbers[of] += 1
            square = frame.geometry_to_lonlat(shapely.box(east, north, east + CELL_M, north + CELL_M))
            code12 = communities[of]["code12"]
            properties = {
                "id": f"{code12}{numbers[of]:03d}",
                "community_code12": code12,
                "community_zh": communities[of]["name_zh"],
                "area_m2": CELL_M**2,
            }
            source = f"code: china-division 2.7.0 (WTFPL); outline: {INVENTED}"
            made.append(feature(square, properties, source))
    return made
