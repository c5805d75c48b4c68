"""The flags of a shot's ``quality`` that later stages act on: such shots are set aside, they are no look at the ground.

Other flags are for the reader, and their sigmas say what they mean: an edited photo's heading is open by half a turn.
"""

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

SAME_PICTURE, SAME_MOMENT = "same picture as", "same moment as"
"""A copy to the last byte, and a picture that was written twice: no second look."""
WRONG_HEMISPHERE, OUT_OF_PLACE = "wrong hemisphere", "position out of place"
"""What such a photo shows would be put where it is not."""
NO_LIGHT = "lens cap or no light"

_SET_ASIDE = re.compile(
    f"(?:^|;)(?:{'|'.join(map(re.escape, (SAME_PICTURE, SAME_MOMENT, WRONG_HEMISPHERE, OUT_OF_PLACE, NO_LIGHT)))})"
)


def is_set_aside(qualities: Iterable[str]) -> NDArray[np.bool_]:
    """Return (n,) whether shots are neither looked at nor counted as looks, by their ``quality``."""
    return np.array([_SET_ASIDE.search(quality) is not None for quality in qualities], dtype=bool)
