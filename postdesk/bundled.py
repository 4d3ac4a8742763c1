"""Finds templates/ and config/, in an installed wheel and in a checkout alike."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The folder `templates` or `config`; FileNotFoundError when the installation is broken."""
    for candidate in (_HERE / "_bundled" / name, _HERE.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"{name}/ is missing from the installation: install Postdesk again")
