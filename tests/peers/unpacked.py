"""Programs of Debian packages that are unpacked, not installed: tools/install-peers puts them into build/peers."""

from pathlib import Path

from tests.peers.common import missing

FOLDER = Path(__file__).parents[2] / "build" / "peers"


def unpacked(package: str, name: str) -> Path:
    """The program or library of that file name, or skip the test; with CI=true its absence is an error."""
    found = sorted(path for top in ("usr", "lib") for path in (FOLDER / top).rglob(name) if path.is_file())
    return found[0] if found else missing(f"{name} is not there: run tools/install-peers --unpacked {package}")
