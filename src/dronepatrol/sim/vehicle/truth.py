"""What was true of each simulated photo, for the renderer and the scorer alone."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from dronepatrol.files import replacing
from dronepatrol.model.tables import SIMULATED_TRUTH
from dronepatrol.sim.vehicle.camera import Photo
from dronepatrol.sim.vehicle.config import VehicleConfig


def _row(photo: Photo, config: VehicleConfig) -> dict[str, Any]:
    return {
        "photo": f"{config.flight_id}_{photo.number:04d}.jpg",
        "time_utc": config.clock + timedelta(milliseconds=round(photo.time_s * 1000)),
        "true_lon_deg": photo.true_lon_deg,
        "true_lat_deg": photo.true_lat_deg,
        "true_height_m": photo.true_height_m,
        "true_turn_deg": photo.error.turn_deg,
        "true_tilt_pitch_deg": photo.error.tilt_pitch_deg,
        "true_tilt_roll_deg": photo.error.tilt_roll_deg,
        "sensed_lon_deg": photo.lon_deg,
        "sensed_lat_deg": photo.lat_deg,
        "sensed_amsl_m": photo.amsl_m,
        "sensed_height_m": photo.height_m,
        "sensed_gimbal_yaw_deg": photo.yaw_deg,
        "sensed_gimbal_pitch_deg": photo.gimbal_pitch_deg,
        "sensed_gimbal_roll_deg": 0.0,
        "sensed_flight_yaw_deg": photo.yaw_deg,
        "sensed_flight_pitch_deg": photo.pitch_deg,
        "sensed_flight_roll_deg": photo.roll_deg,
    }


def write_truth(path: Path, photos: list[Photo], config: VehicleConfig) -> None:
    """Write the truth of all photos so far, whole or not at all (``model.tables.SIMULATED_TRUTH``).

    Raises
    ------
    StorageError
        When the file cannot be written; what was there before stays.
    """
    import pyarrow as pa  # noqa: PLC0415  (heavy, and not wanted at import)
    import pyarrow.parquet as pq  # noqa: PLC0415

    kinds = {"str": pa.string(), "float": pa.float64(), "time": pa.timestamp("ms", tz="UTC")}
    schema = pa.schema([(name, kinds[kind]) for name, kind in SIMULATED_TRUTH.columns.items()])
    table = pa.Table.from_pylist([_row(photo, config) for photo in photos], schema=schema)
    with replacing(path) as temporary:
        pq.write_table(table, temporary)
