"""The settings file of a new desk: written, or one that is there completed with what it does not say."""

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from postdesk.settings import Loaded, SettingsError, load

_DESK = re.compile(r"^[ \t]*\[[ \t]*desk[ \t]*\][ \t]*(?:#[^\n]*)?$", re.MULTILINE)
_HEAD = "# Settings of this desk. Every other setting, with its default, stands in the shipped default.toml.\n"
_RELAY = """
[relay]
# "maildir" keeps outgoing mail in the folder outbox/; set "smtp" and host when it may leave this machine.
mode = "maildir"
"""


class InitError(Exception):
    """Why the set-up stopped, in words."""


def standing(file: Path) -> Loaded | None:
    """The settings in a file that is there, if they have no desk yet; InitError when they have, or are wrong."""
    if not file.exists():
        return None
    try:
        loaded = load(file)
        _no_desk_yet(loaded, file)
    except SettingsError as error:
        raise InitError("The settings cannot be used:\n  " + "\n  ".join(error.faults)) from error
    return loaded


def _no_desk_yet(loaded: Loaded, file: Path) -> None:
    """Staff make a desk: tables alone may come from `postdesk migrate`."""
    from sqlalchemy import inspect, text

    from postdesk.wiring import House

    house = House(loaded)
    if house.missing_database:
        return
    try:
        with house.database.engine.connect() as connection:
            # In plain SQL, for the tables may be older than this code.
            staffed = inspect(connection).has_table("staff") and connection.execute(text("SELECT 1 FROM staff")).first()
    finally:
        house.database.close()
    if staffed:
        key = loaded.settings.secrets.key_file
        lost = "" if key.exists() else f"\nIts keys are not: bring {key} back from a backup."
        raise InitError(f"{file} is there already, and so is its desk. For another: postdesk --config FILE init{lost}")


def write(file: Path, name: str, address: str) -> None:
    """A new file, or the one that is there: what it says stays, what a desk needs and it does not say is added."""
    desk = {
        "name": _quoted(f"{name} Service Desk"),
        "base_url": '"http://127.0.0.1:8080"',
        "addresses": f'[{{ address = {_quoted(address)}, team = "Service Desk", type = "Query" }}]',
    }
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, f"{_HEAD}\n[desk]\n{_lines(desk)}{_RELAY}")
        return
    before = file.read_text(encoding="utf-8")
    after = _completed(before, desk, tomllib.loads(before))
    if after != before:
        _replace(file, after)


def _completed(text: str, desk: dict[str, str], said: dict[str, Any]) -> str:
    """The text with what is missing; it has been read before, so that it is TOML."""
    added = {key: value for key, value in desk.items() if key not in said.get("desk", {})}
    whole = text if not text or text.endswith("\n") else text + "\n"
    if "desk" not in said:
        whole += f"\n[desk]\n{_lines(added)}"
    elif added:
        whole = _DESK.sub(lambda head: f"{head[0]}\n{_lines(added)}".rstrip("\n"), whole, count=1)
    if "relay" not in said:
        whole += _RELAY
    wanted = said | {"desk": said.get("desk", {}) | tomllib.loads(_lines(added))}
    wanted.setdefault("relay", {"mode": "maildir"})
    # A section may be written in other ways than under its own heading, and then it is for the operator to write.
    if not _reads_as(whole, wanted):
        raise InitError(f"Add to the section [desk] of the settings, then run this again:\n{_lines(added)}".rstrip())
    return whole


def _reads_as(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _lines(pairs: dict[str, str]) -> str:
    return "".join(f"{key} = {value}\n" for key, value in pairs.items())


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write_private(file: Path, text: str, mode: int = 0o600) -> None:
    """Made with its final mode: no moment in which others could read it."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)


def _replace(file: Path, text: str) -> None:
    """In one step: a crash leaves the old one or the new one."""
    file = file.resolve()
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)
    write_private(new, text, stat.S_IMODE(file.stat().st_mode))
    os.replace(new, file)
