"""Reads the catalogues of words for the commands: those that come with Postdesk, then the operator's own."""

import tomllib
from pathlib import Path
from typing import Any

from gateway.commands.words import Words


def load(folder: Path, own: Path | None = None) -> Words:
    """The words of config/words, and of a folder of one's own that may add some; ValueError names file and fault."""
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise ValueError(f"{folder}: holds no catalogue of words")
    if own is not None and own.is_dir():
        files += sorted(own.glob("*.toml"))
    return Words.of({str(file): _read(file) for file in files})


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{file}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file}: is not TOML: {error}") from error
