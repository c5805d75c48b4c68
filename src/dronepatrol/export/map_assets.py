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


def head(*parts: str) -> str:
    """Return what goes into a page's head: a policy that forbids every fetch, then styles and scripts.

    Parameters
    ----------
    parts
        Names of the page's own styles and scripts in this package, in their order.
    """
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_CONTENT_POLICY}">'
    found = [policy, *(_style(*one) for one in _STYLES), *(_script(*one) for one in _SCRIPTS)]
    own = resources.files("dronepatrol.export")
    for part in parts:
        style = own.joinpath(f"{part}.css").read_text(encoding="utf-8")
        script = own.joinpath(f"{part}.js").read_text(encoding="utf-8")
        found += [f"<style>\n{style}\n</style>", f"<script>\n{script}\n</script>"]
    return "\n".join(found)
