"""Scripts and styles of the map, taken from installed packages and written into its one file: nothing is fetched."""

import base64
import re
from importlib import import_module, resources
from pathlib import Path

_SCRIPTS = (
    ("jquery", "jquery.min.js"),
    ("leaflet", "leaflet.js"),
    ("leaflet_markercluster", "leaflet.markercluster.js"),
)
_STYLES = (
    ("leaflet", "leaflet.css"),
    ("leaflet_markercluster", "MarkerCluster.css"),
    ("leaflet_markercluster", "MarkerCluster.Default.css"),
)
_CONTENT_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"


def _package(name: str) -> Path:
    """Return the folder of an XStatic package's files."""
    return Path(str(import_module(f"xstatic.pkg.{name}").BASE_DIR))


def _script(name: str, file: str) -> str:
    text = (_package(name) / file).read_text(encoding="utf-8")
    text = re.sub(r"//# sourceMappingURL=\S+", "", text)
    text = text.replace("</script", r"<\/script")
    return f"<script>\n{text}\n</script>"


def _style(name: str, file: str) -> str:
    folder = _package(name)

    def inlined(match: re.Match[str]) -> str:
        data = base64.b64encode((folder / match[1]).read_bytes()).decode("ascii")
        return f"url(data:image/png;base64,{data})"

    text = re.sub(r"url\((images/[\w.-]+\.png)\)", inlined, (folder / file).read_text(encoding="utf-8"))
    return f"<style>\n{text}\n</style>"


def head(page: str = "map") -> str:
    """Return what goes into a page's head: a policy that forbids every fetch, then styles and scripts.

    Parameters
    ----------
    page
        Name of the page's own style and script in this package.
    """
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_CONTENT_POLICY}">'
    own = resources.files("dronepatrol.export")
    style = own.joinpath(f"{page}.css").read_text(encoding="utf-8")
    script = own.joinpath(f"{page}.js").read_text(encoding="utf-8")
    parts = [policy, *(_style(*one) for one in _STYLES), *(_script(*one) for one in _SCRIPTS)]
    return "\n".join([*parts, f"<style>\n{style}\n</style>", f"<script>\n{script}\n</script>"])
