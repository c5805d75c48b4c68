"""Files that come with the product: patrol specs, demo areas and registers."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped(name: str) -> Path:
    """Return the path of a shipped file or folder, such as ``missions/pinghu-xindai-demo.toml``.

    An installed package carries them inside itself; a source tree has them beside ``src``.
    """
    installed = _PACKAGE / "shipped" / name
    return installed if installed.exists() else _PACKAGE.parents[1] / name
