"""The columns of the batch artefacts: what one row of a table is, column by column.

Stages hand tables round as pandas DataFrames (GeoDataFrames where there is a ``geometry``, always WGS-84 lon, lat).
``dronepatrol.store`` checks a table against its schema whenever it reads or writes one.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TableSchema:
    """The columns of one table: name to kind ("str", "float", "int", "time", "geometry").

    ``within`` bounds the numbers of some columns. In a ``complete`` table no number or geometry is missing; elsewhere
    a number that is not known is NaN. ``defaults`` are what a table without such a column means.
    """

    name: str
    columns: dict[str, str]
    within: dict[str, tuple[float, float]] = field(default_factory=dict)
    complete: bool = False
    defaults: dict[str, str | float] = field(default_factory=dict)


SHOTS = TableSchema(
    "shots",
    {
        "shot_id": "str",  # unique in the patrol
        "flight_id": "str",  # shots with the same one share their biases
        "photo": "str",  # path of the image, absolute or relative to the patrol folder; "" for a bare camera event
        "sha256": "str",  # of the image file; "" where there is none
        "time_utc": "time",  # NaT where unknown
        "lon_deg": "float",  # of the camera, WGS-84; NaN where unknown
        "lat_deg": "float",
        "altitude_m": "float",  # as the source gives it …
        "altitude_reference": "str",  # … counted from here (AltitudeReference)
        "height_m": "float",  # above the take-off point; NaN where unknown
        "yaw_deg": "float",  # camera (or vehicle) attitude to NED, intrinsic Z-Y-X, true north; NaN where unknown
        "pitch_deg": "float",
        "roll_deg": "float",
        "attitude_of": "str",  # "camera", "vehicle" or "" where unknown
        "position_sigma_m": "float",  # 1 sigma per axis, new in every photo
        "position_bias_sigma_m": "float",  # 1 sigma per axis, the same through one flight
        "height_sigma_m": "float",
        "height_bias_sigma_m": "float",
        "yaw_sigma_deg": "float",
        "pitch_sigma_deg": "float",  # tilt about the axis to the right of the heading
        "roll_sigma_deg": "float",  # tilt about the axis along the heading
        "camera_model": "str",
        "image_width_px": "int",  # 0 where there is no image
        "image_height_px": "int",
        "fx_px": "float",  # NaN where unknown
        "fy_px": "float",
        "cx_px": "float",
        "cy_px": "float",
        "k1": "float",  # Brown's distortion, OpenCV's order; 0 where the photo has none
        "k2": "float",
        "p1": "float",
        "p2": "float",
        "k3": "float",
        "lens": "str",  # "brown", or "fisheye": then k1, k2, k3 and k4 are those of OpenCV's fisheye
        "k4": "float",
        "time_sigma_s": "float",  # 1 sigma of the time for which position and attitude were taken from a log, else 0
        "focal_source": "str",  # where the focal length comes from
        "focal_sigma_share": "float",  # 1 sigma of the focal length over the focal length
        "pose_source": "str",  # where the pose comes from
        "quality": "str",  # flags joined by ";", "" where nothing is wrong
        "geometry": "geometry",  # footprint on flat ground at take-off height, or None
    },
    within={"lon_deg": (-180, 180), "lat_deg": (-90, 90), "height_m": (-1000, 20000), "altitude_m": (-12000, 50000)},
    defaults={"lens": "brown", "k4": 0.0, "time_sigma_s": 0.0},
)

DETECTIONS = TableSchema(
    "detections",
    {
        "detection_id": "str",  # "<shot_id>#<n>"
        "shot_id": "str",
        "kind": "str",  # what is seen
        "score": "float",
        "x1_px": "float",
        "y1_px": "float",
        "x2_px": "float",
        "y2_px": "float",
        "detector": "str",
        "weights_sha256": "str",
        "track_id": "str",  # the same in the frames of one video that show one thing; "" where nothing was tracked
    },
    within={"score": (0, 1)},
    complete=True,
    defaults={"track_id": ""},
)

OBSERVATIONS = TableSchema(
    "observations",
    {
        "observation_id": "str",  # equals its detection_id: one detection, one observation
        "shot_id": "str",
        "flight_id": "str",
        "photo": "str",
        "time_utc": "time",
        "kind": "str",
        "score": "float",
        "x1_px": "float",
        "y1_px": "float",
        "x2_px": "float",
        "y2_px": "float",
        "length_m": "float",  # longer side of the box on the ground
        "width_m": "float",
        "gsd_m": "float",
        "off_nadir_deg": "float",
        "photo_ee_m2": "float",  # east-north covariance of what is new in every photo
        "photo_en_m2": "float",
        "photo_nn_m2": "float",
        "bias_ee_m2": "float",  # east-north covariance of what one flight shares
        "bias_en_m2": "float",
        "bias_nn_m2": "float",
        "method": "str",  # how the ground was found
        "track_id": "str",  # as in the detections
        "geometry": "geometry",  # Point on the ground
    },
    within={"score": (0, 1)},
    complete=True,
    defaults={"track_id": ""},
)

ADJUSTMENT = TableSchema(
    "adjustment",
    {
        "shot_id": "str",
        "flight_id": "str",
        "lon_deg": "float",  # adjusted pose: as in the shots
        "lat_deg": "float",
        "raised_m": "float",  # added to heights and altitudes
        "yaw_deg": "float",
        "pitch_deg": "float",
        "roll_deg": "float",
        "fx_px": "float",
        "fy_px": "float",
        "position_bias_sigma_m": "float",  # what remains unknown of the flight
        "height_bias_sigma_m": "float",
        "focal_sigma_share": "float",
        "ties": "int",  # tie points that hold the photo; 0: none do, its pose is another program's or its own
        "moved_m": "float",  # by how much the middle of its picture moved on the ground
        "turned_deg": "float",  # the change of its heading
        "turned_over": "int",  # 1: its picture was turned by half a turn after it was taken, and is read so
        "covariance": "str",  # "": the pose stays as it was; else 21 numbers, JSON: upper triangle, row by row, of the
        # covariance new in every photo of east, north, up (m), roll, pitch, yaw (rad, axes of geo.rotation.tilted)
    },
)

SIMULATED_TRUTH = TableSchema(
    "simulated truth",
    {
        "photo": "str",  # file name of the photo, "<sortie id>_0001.jpg", counted from 1
        "time_utc": "time",
        "true_lon_deg": "float",  # where the camera really was
        "true_lat_deg": "float",
        "true_height_m": "float",  # above the ground at the dock (the scene is flat)
        "true_turn_deg": "float",  # real camera attitude: the sensed one after geo.rotation.tilted by these,
        "true_tilt_pitch_deg": "float",  # with the sensed heading as the heading
        "true_tilt_roll_deg": "float",
        "sensed_lon_deg": "float",  # what the vehicle's sensors said; goes into the photo's EXIF and XMP
        "sensed_lat_deg": "float",
        "sensed_amsl_m": "float",
        "sensed_height_m": "float",  # above the take-off point
        "sensed_gimbal_yaw_deg": "float",
        "sensed_gimbal_pitch_deg": "float",
        "sensed_gimbal_roll_deg": "float",
        "sensed_flight_yaw_deg": "float",
        "sensed_flight_pitch_deg": "float",
        "sensed_flight_roll_deg": "float",
    },
)

TRACK = TableSchema(
    "track",
    {
        "time_utc": "time",  # the vehicle's clock
        "event": "str",  # "position" or "photo"
        "lon_deg": "float",
        "lat_deg": "float",
        "amsl_m": "float",
        "height_m": "float",  # above home
        "yaw_deg": "float",  # vehicle attitude
        "pitch_deg": "float",
        "roll_deg": "float",
        "ground_speed_m_s": "float",  # NaN for photos
        "battery_share": "float",  # remaining, 0 to 1; NaN for photos
    },
)
