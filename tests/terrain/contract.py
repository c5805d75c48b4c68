"""What every terrain promises (``dronepatrol.model.terrain.Terrain``)."""

import numpy as np

from dronepatrol.model.terrain import Terrain


def keeps_the_contract(terrain: Terrain, inside: tuple[float, float]) -> None:
    """Check a terrain that knows the ground at ``inside`` (lon, lat)."""
    assert isinstance(terrain.source, str)
    assert terrain.source
    one = terrain.height_m(inside)
    assert one.shape == ()
    assert np.isfinite(one)
    assert -500 < one < 9000
    many = np.broadcast_to(inside, (3, 2, 2))
    assert terrain.height_m(many).shape == (3, 2)
    assert (terrain.height_m(many) == one).all()
    assert terrain.height_m(np.empty((0, 2))).shape == (0,)
    assert terrain.height_m(np.empty((4, 0, 2))).shape == (4, 0)
    unknown = terrain.height_m([inside, (np.nan, inside[1]), (inside[0], np.inf)])
    assert unknown[0] == one
    assert np.isnan(unknown[1:]).all()
    rng = np.random.default_rng(0)
    spread = np.asarray(inside) + rng.uniform(-0.01, 0.01, (50, 2))
    whole = terrain.height_m(spread)
    alone = np.array([terrain.height_m(place) for place in spread])
    np.testing.assert_array_equal(whole, alone)  # a place's height does not depend on its company
