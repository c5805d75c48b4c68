"""A contact sheet: the photos of a catalogue, small, on one picture, doubtful ones framed [Pillow]."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dronepatrol.ingest.pictures import small_picture

MOST = 300
"""Photos on a sheet; of more, evenly chosen ones."""
_COLUMNS = 12
_CELL_WH = (160, 120)
_GAP_PX = 6
_GROUND, _DOUBTFUL, _MISSING = (24, 24, 24), (214, 60, 40), (70, 70, 70)


def contact_sheet(photos: Sequence[Path], doubtful: Sequence[bool]) -> bytes:
    """Return a JPEG with the photos in their order, row by row; those that are doubtful in a red frame.

    A picture that cannot be decoded leaves a grey field.

    Parameters
    ----------
    photos
        (n) at least one.
    doubtful
        (n) whether each was flagged.
    """
    from PIL import Image  # noqa: PLC0415 heavy

    chosen = np.unique(np.linspace(0, len(photos) - 1, min(len(photos), MOST)).round().astype(int))
    columns = min(_COLUMNS, len(chosen))
    rows = -(-len(chosen) // columns)
    width, height = (side + _GAP_PX for side in _CELL_WH)
    sheet = Image.new("RGB", (columns * width + _GAP_PX, rows * height + _GAP_PX), _GROUND)
    for place, n in enumerate(chosen):
        x, y = _GAP_PX + place % columns * width, _GAP_PX + place // columns * height
        if doubtful[n]:
            half = _GAP_PX // 2
            sheet.paste(_DOUBTFUL, (x - half, y - half, x + _CELL_WH[0] + half, y + _CELL_WH[1] + half))
        picture = small_picture(photos[n], _CELL_WH)
        sheet.paste(_MISSING if picture is None else _GROUND, (x, y, x + _CELL_WH[0], y + _CELL_WH[1]))
        if picture is not None:
            sheet.paste(picture, (x + (_CELL_WH[0] - picture.width) // 2, y + (_CELL_WH[1] - picture.height) // 2))
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=85)
    return out.getvalue()
