"""Settings: the shipped defaults, a user's file over them, the environment over both."""

import os
import re
import shlex
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from postdesk import bundled
from postdesk.settings_hooks import Webhook
from postdesk.settings_model import Settings
from postdesk.settings_oauth import OAuth

PREFIX = "POSTDESK_"
PLACES = (Path("var/postdesk.toml"), Path("/etc/postdesk/postdesk.toml"))
# Settings that have a "<name>_file" beside them, by section.
SECRETS = (("database", "password"), ("blobs", "secret_key"), ("metrics", "token"))
_IN_LIST = re.compile(r"(?:\b|POSTDESK_)(mailbox|relays|webhooks)(?:\.|__)([0-9]{1,3})", re.IGNORECASE)
_KINDS = {"mailbox": "mailbox", "relays": "relay", "webhooks": "webhook"}
Signs = TypeVar("Signs", bound=OAuth)


class SettingsError(Exception):
    """All that is wrong with the settings, one line for each fault."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and where they came from."""

    settings: Settings
    file: Path | None
    home: Path  # where relative paths start


def find_file(chosen: Path | None, environment: Mapping[str, str]) -> Path | None:
    """The user's file: the chosen one, POSTDESK_CONFIG, or the first that exists in the usual places."""
    if chosen is None and environment.get(PREFIX + "CONFIG"):
        chosen = Path(environment[PREFIX + "CONFIG"])
    if chosen is not None:
        return chosen.absolute()
    return next((place.absolute() for place in PLACES if place.is_file()), None)


def command(words: str, file: Path | None) -> str:
    """A command for the desk of this settings file, as one types it."""
    return f"postdesk --config {shlex.quote(str(file))} {words}" if file else f"postdesk {words}"


def load(chosen: Path | None = None, environment: Mapping[str, str] = os.environ) -> Loaded:
    """Read and check everything; SettingsError lists all faults at once."""
    file = find_file(chosen, environment)
    default = bundled.folder("config") / "default.toml"
    values: dict[str, Any] = tomllib.loads(default.read_text(encoding="utf-8"))
    origins: dict[tuple[str, ...], str] = {}
    faults: list[str] = []
    if file is not None:
        _overlay(values, _read(file, faults), str(file), origins)
    _overlay(values, _from_environment(environment), "environment", origins)
    home = file.parent if file else Path("var").absolute()
    listed = {name: values.get(name) for name in _KINDS}
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        found = [dict(fault) for fault in error.errors()]
        faults += [_describe(fault, origins) for fault in found]
        faults += _conflicts_beside(values, found, origins)
    if settings is not None:
        settings = _with_secrets(settings, home, faults)
        settings = settings.at(home)
        faults += [_placed(conflict, origins) for conflict in settings.conflicts()]
    if faults or settings is None:
        raise SettingsError([_with_name(fault, listed) for fault in faults])
    return Loaded(settings, file, home)


def _read(file: Path, faults: list[str]) -> dict[str, Any]:
    text = ""
    try:
        text = file.read_text(encoding="utf-8")
        return tomllib.loads(text)
    except FileNotFoundError:
        faults.append(f"{file}: there is no such file; create it with: {command('init', file)}")
    except (OSError, UnicodeDecodeError) as error:
        faults.append(f"{file}: cannot be read: {error}")
    except tomllib.TOMLDecodeError as error:
        # The last line is what "at end of document" means.
        place = f"(at line {len(text.splitlines())}, the last one)"
        faults.append(f"{file}: is not TOML: {str(error).replace('(at end of document)', place)}")
    return {}


def _overlay(
    base: dict[str, Any],
    over: dict[str, Any],
    origin: str,
    origins: dict[tuple[str, ...], str],
    path: tuple[str, ...] = (),
) -> None:
    """Lay `over` on `base`, table by table, and note where each value came from."""
    for key, value in over.items():
        here = (*path, key)
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            _overlay(base[key], value, origin, origins, here)
        elif isinstance(value, dict) and isinstance(base.get(key), list) and value:
            # POSTDESK_MAILBOX__0__PASSWORD: a table in a list, by its place.
            _overlay_list(base[key], value, origin, origins, here)
        else:
            base[key] = value
            origins[here] = origin


def _overlay_list(
    base: list[Any], over: dict[str, Any], origin: str, origins: dict[tuple[str, ...], str], path: tuple[str, ...]
) -> None:
    for place, value in over.items():
        index = int(place) if place.isdigit() else -1
        if 0 <= index < len(base) and isinstance(base[index], dict) and isinstance(value, dict):
            _overlay(base[index], value, origin, origins, (*path, place))
        else:
            origins[(*path, place)] = origin
            base.append(value)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, raw in environment.items():
        if not name.startswith(PREFIX) or name == PREFIX + "CONFIG" or name.startswith(PREFIX + "TEST_"):
            continue
        *parents, last = name[len(PREFIX) :].lower().split("__")
        table = values
        for parent in parents:
            table = table.setdefault(parent, {})
        table[last] = _typed(raw)
    return values


def _typed(raw: str) -> Any:
    """Lists and tables in the environment are written as in TOML; everything else is a string."""
    if raw.lstrip()[:1] in ("[", "{"):
        try:
            return tomllib.loads(f"value = {raw}")["value"]
        except tomllib.TOMLDecodeError:
            return raw
    return raw


def _describe(fault: dict[str, Any], origins: dict[tuple[str, ...], str]) -> str:
    """One fault in words: where, which key, what would be right. Never the value: it may be a secret."""
    place = tuple(str(part) for part in fault["loc"])
    origin = next((origins[place[:n]] for n in range(len(place), 0, -1) if place[:n] in origins), "default.toml")
    key = ".".join(place)
    if origin == "environment":
        where = "environment: " + PREFIX + "__".join(place).upper()
    else:
        where = f"{origin}: {key}"
    if fault["type"] == "extra_forbidden":
        known = _neighbours(place)
        return f"{where}: there is no such setting" + (f"; known here: {known}" if known else "")
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{where}: {message[:1].lower()}{message[1:]}"


def _with_name(fault: str, listed: dict[str, Any]) -> str:
    """A mailbox, a relay or a webhook is known by its name, not by its place in the list."""
    found = _IN_LIST.search(fault)
    if found is None:
        return fault
    rows, place = listed.get(found[1].lower()), int(found[2])
    row = rows[place] if isinstance(rows, list) and place < len(rows) else None
    name = row.get("name") if isinstance(row, dict) else None
    kind = _KINDS[found[1].lower()]
    return f"{fault} ({kind} “{name}”)" if isinstance(name, str) and name else fault


def _conflicts_beside(
    values: dict[str, Any], found: list[dict[str, Any]], origins: dict[tuple[str, ...], str]
) -> list[str]:
    """Conflicts between the settings that are right, so that one start shows all there is to mend."""
    shipped = tomllib.loads((bundled.folder("config") / "default.toml").read_text(encoding="utf-8"))
    places = [tuple(str(part) for part in fault["loc"]) for fault in found]
    for place in places:
        _restore(values, shipped, place)
    try:
        conflicts = Settings.model_validate(values).conflicts()
    except ValidationError:
        return []
    wrong = {".".join(place) for place in places}
    return [_placed(text, origins) for text in conflicts if wrong.isdisjoint(text.partition(": ")[0].split(", "))]


def _restore(values: dict[str, Any], shipped: dict[str, Any], place: tuple[str, ...]) -> None:
    """Put the default in the place of a faulty value; what has none, or lies in a list, goes with its whole section."""
    section, key = place[0], ".".join(place[1:])
    if key in shipped.get(section, {}):
        values[section][key] = shipped[section][key]
    elif section in shipped and isinstance(values.get(section), dict) and len(place) == 2:
        values[section].pop(key, None)
    elif section in shipped:
        values[section] = shipped[section]
    else:
        values.pop(section, None)


def _placed(conflict: str, origins: dict[tuple[str, ...], str]) -> str:
    """A conflict with the place it comes from: that of the keys it names, else of a neighbour that was set."""
    keys, _, text = conflict.partition(": ")
    named = [tuple(key.split(".")) for key in keys.split(", ")]
    sections = {key[0] for key in named}
    near = [origins[key[:n]] for key in named for n in range(len(key), 0, -1) if key[:n] in origins]
    near += [origin for place, origin in origins.items() if place[0] in sections]
    origin = near[0] if near else "default.toml"
    if origin == "environment":
        keys = ", ".join(PREFIX + "__".join(key).upper() for key in named)
    return f"{origin}: {keys}: {text}"


def _neighbours(place: tuple[str, ...]) -> str:
    """The settings that exist beside a mistyped one."""
    model: Any = Settings
    for part in place[:-1]:
        field = model.model_fields.get(part)
        model = getattr(field, "annotation", None)
        if not hasattr(model, "model_fields"):
            return ""
    return ", ".join(model.model_fields)


def _with_secrets(settings: Settings, home: Path, faults: list[str]) -> Settings:
    """Read the "<name>_file" settings into the secrets they stand for."""
    for section, name in SECRETS:
        part = getattr(settings, section)
        file = getattr(part, f"{name}_file")
        if file:
            secret = read_secret(home / file, f"{section}.{name}_file", faults)
            settings = settings.model_copy(update={section: part.model_copy(update={name: secret})})
    boxes = [with_secrets(box, f"mailbox.{index}", home, faults) for index, box in enumerate(settings.mailbox)]
    relay = with_secrets(settings.relay, "relay", home, faults)
    relays = [with_secrets(one, f"relays.{index}", home, faults) for index, one in enumerate(settings.relays)]
    hooks = [_with_secret(hook, f"webhooks.{index}", home, faults) for index, hook in enumerate(settings.webhooks)]
    read = {"mailbox": tuple(boxes), "relay": relay, "relays": tuple(relays), "webhooks": tuple(hooks)}
    return settings.model_copy(update=read)


def _with_secret(hook: Webhook, place: str, home: Path, faults: list[str]) -> Webhook:
    """With the secret that is in its file."""
    if not hook.secret_file:
        return hook
    return hook.model_copy(update={"secret": read_secret(home / hook.secret_file, f"{place}.secret_file", faults)})


def with_secrets(section: Signs, place: str, home: Path, faults: list[str]) -> Signs:
    """Its "<name>_file" settings read into the secrets they stand for; the files are named in full then."""
    update: dict[str, Any] = {}
    for name in ("password", "client_secret", "refresh_token"):
        if file := getattr(section, f"{name}_file"):
            update[f"{name}_file"] = str(home / file)  # a refresh token is written back to it
            update[name] = read_secret(home / file, f"{place}.{name}_file", faults)
    return section.model_copy(update=update)


def read_secret(path: Path, key: str, faults: list[str]) -> Any:
    """A secret from a file that nobody else may read; a fault is added when it is not so."""
    from pydantic import SecretStr

    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            faults.append(f"{key}: {path} can be read by others; run: chmod 600 {path}")
        return SecretStr(path.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        faults.append(f"{key}: {path} cannot be read: {error.__class__.__name__}")
        return SecretStr("")
