"""Where everything of one patrol lies."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PatrolFolder:
    """The folder of one patrol; every verb reads one artefact of it and writes the next."""

    root: Path

    @property
    def spec(self) -> Path:
        """What was asked."""
        return self.root / "patrol.toml"

    @property
    def plan(self) -> Path:
        """Folder of the plan."""
        return self.root / "plan"

    @property
    def mission(self) -> Path:
        """The canonical mission, all sorties."""
        return self.plan / "mission.json"

    @property
    def route(self) -> Path:
        """The route on the map."""
        return self.plan / "route.geojson"

    @property
    def flight(self) -> Path:
        """Folder of the flight."""
        return self.root / "flight"

    @property
    def photos(self) -> Path:
        """Simulated photos; real ones stay where they are."""
        return self.flight / "photos"

    @property
    def truth(self) -> Path:
        """What was planted in a simulated scene; only the scorer reads it."""
        return self.flight / "truth.geojson"

    @property
    def shots(self) -> Path:
        """One row per photo or camera event."""
        return self.root / "shots.parquet"

    @property
    def ingest_parts(self) -> Path:
        """What an ingest that is not finished has read so far; gone when it is."""
        return self.root / ".ingest"

    @property
    def contact_sheet(self) -> Path:
        """All photos, small, on one picture or more."""
        return self.root / "contact-sheet.jpg"

    @property
    def stac(self) -> Path:
        """Folder of the shots as a STAC catalogue."""
        return self.root / "stac"

    @property
    def detections(self) -> Path:
        """One row per detection."""
        return self.root / "detections.parquet"

    @property
    def adjustment(self) -> Path:
        """Corrections of the poses, where a strip adjustment was made."""
        return self.root / "adjustment.parquet"

    @property
    def observations(self) -> Path:
        """One row per detection placed on the ground."""
        return self.root / "observations.parquet"

    @property
    def issues(self) -> Path:
        """The problems found, RFC 7946."""
        return self.root / "issues.geojson"

    @property
    def reviewed(self) -> Path:
        """What people said of the issues, as the map saves it."""
        return self.root / "reviewed.csv"

    @property
    def crops(self) -> Path:
        """Cut-outs of the photos that show an issue."""
        return self.root / "crops"

    @property
    def map(self) -> Path:
        """The map to hand round."""
        return self.root / "map.html"

    @property
    def summary(self) -> Path:
        """Figures of the whole patrol."""
        return self.root / "summary.json"

    def tlog(self, sortie_id: str) -> Path:
        """Return where the telemetry of a sortie lies."""
        return self.flight / f"{sortie_id}.tlog"

    def track(self, sortie_id: str) -> Path:
        """Return where positions, attitude and camera events of a sortie lie."""
        return self.flight / f"{sortie_id}.parquet"

    def simulated_truth(self, sortie_id: str) -> Path:
        """Return where a simulated sortie keeps its truth; only the renderer and the scorer read it."""
        return self.flight / f"{sortie_id}.truth.parquet"
