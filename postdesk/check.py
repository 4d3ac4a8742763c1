"""`postdesk check`: tries each part of the house, and says in words what is wrong."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from postdesk import blobs, bundled
from postdesk.amounts import amount
from postdesk.catalogue import CatalogueError
from postdesk.check_words import Note
from postdesk.preparing import obstacle
from postdesk.settings import SettingsError
from postdesk.wiring import House
from store.migrations import current
from store.migrations.state import Fit, fit


def check_all(house: House) -> tuple[list[str], int]:
    """A line for each part, and how many are at fault."""
    lines: list[str] = []
    told: dict[str, str] = {}  # fault → the part that has it
    for name, part in PARTS:
        try:
            said = part(house)
            lines.append(f"{'note ' if isinstance(said, Note) else 'ok   '} {name}: {said}")
        except Exception as error:
            faults = dict.fromkeys(
                error.faults if isinstance(error, SettingsError | CatalogueError) else [_first_line(error)]
            )
            same = dict.fromkeys(told[fault] for fault in faults if fault in told)
            lines += [f"?     {name}: not tried, for the same reason as {', '.join(same)}"] if same else []
            new = [fault for fault in faults if fault not in told]
            told |= dict.fromkeys(new, name)
            lines += [f"FAULT {name}: {fault}" for fault in new]
    return lines, len(told)


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


def _settings(house: House) -> str:
    file = house.loaded.file
    return str(file) if file else "defaults only; there is no settings file. Make one with: postdesk init"


def _keys(house: House) -> str:
    return f"{amount(len(house.keys.entries), 'signing key', 'signing keys')} in {house.settings.secrets.key_file}"


def _addresses(house: House) -> str:
    return ", ".join(desk.address for desk in house.addresses.desks)


def _database(house: House) -> str:
    if house.missing_database:
        raise SettingsError([house.missing_database])
    version = house.database.check()
    found, _ = current(house.database)
    state = fit(house.database)
    if not state.works:
        raise SettingsError([obstacle(house.database)])
    if open_to_others := _open_to_others(house.database.file):
        raise SettingsError(open_to_others)
    later = "" if state is Fit.NEWEST else f", {state.value}"
    return f"{version}, schema {found}{later}"


def _open_to_others(file: Path | None) -> list[str]:
    """Of the SQLite database, what stands beside it, and their folder: what others may read, and how to end it."""
    if file is None:
        return []
    beside = [Path(f"{file}{ending}") for ending in ("", "-wal", "-shm", ".write-lock")]
    modes = [*((path, 0o600) for path in beside if path.exists()), (file.parent, 0o700)]
    return [
        f"{path} can be read by others; run: chmod {mode:o} {path}"
        for path, mode in modes
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]


def _needs_tables(house: House) -> None:
    """The same fault as the database has, so that it is told once; errors of SQL mean nothing to an operator."""
    if words := house.missing_database or obstacle(house.database):
        raise SettingsError([words])


def _staff(house: House) -> str:
    from desk import load

    _needs_tables(house)
    with house.database.reading() as session:
        people = [person for person in load.staff(session).values() if person.active]
    if not people:
        raise SettingsError(["nobody works here yet: no one would be told of a new ticket. Run: postdesk init"])
    return f"{amount(len(people), 'member', 'members')} of staff"


def _blobs(house: House) -> str:
    folder = house.settings.blobs.folder
    if house.settings.blobs.kind == "folder" and not folder.is_dir():
        return _to_be_made(folder)
    house.blobs.check()
    return blobs.where(house.settings)


def _to_be_made(folder: Path) -> str:
    """A folder that the first mail makes; OSError when it could not."""
    above = next(path for path in folder.parents if path.exists())
    if not os.access(above, os.W_OK | os.X_OK):
        raise PermissionError(f"{folder} is not there, and cannot be made in {above}")
    return f"{folder}, which is made when it is first needed"


def _templates(house: House) -> str:
    import jinja2

    from postdesk import own_letters
    from postdesk.outgoing import check_templates

    try:
        letters = check_templates(house)
    except jinja2.TemplateError as error:
        raise SettingsError([own_letters.place(error, own_letters.folder(house))]) from error
    if faults := _own_letters(house):
        raise SettingsError(faults)
    return f"{letters} letters, {len(list((bundled.folder('templates') / 'pages').glob('*.html')))} pages"


def _own_letters(house: House) -> list[str]:
    """What is wrong with the operator's own templates. Each letter is written once: only that shows a wrong name."""
    from postdesk import logs, own_letters
    from postdesk.preview import letters, rendering

    own, log = own_letters.folder(house), house.settings.log
    faults = own_letters.misnamed(own)
    if not own_letters.has_files(own):
        return faults
    logs.set_up(log.model_copy(update={"level": "critical"}))  # what goes wrong is told here, in one line each
    try:
        return faults + rendering.broken(house.loaded, letters.LETTERS)
    finally:
        logs.set_up(log.model_copy(update={"level": "error"}))


def _relay(house: House) -> str:
    relay = house.settings.relay
    if relay.mode == "maildir":
        place = relay.folder if relay.folder.is_dir() else _to_be_made(relay.folder)
        return f"letters are kept in {place}"
    from postdesk.outgoing import try_relays

    tried = try_relays(house)
    if faults := [f"{place}: {fault}" for place, fault in tried.items() if fault]:
        raise SettingsError(faults)
    places = ", ".join(f"{one.host}:{one.port}" for one in (relay, *house.settings.relays))
    return f"{places}: {'all take' if len(tried) > 1 else 'takes'} letters from us"


def _senders(house: House) -> str:
    sender = house.settings.sender
    ways = [
        *(["DKIM, SPF and DMARC of what comes straight"] if sender.verify else []),
        *([f"the results of {', '.join(sender.trusted_authserv_ids)}"] if sender.trusted_authserv_ids else []),
        *([f"the ARC seals of {', '.join(sender.arc_sealers)}"] if sender.arc_sealers else []),
    ]
    if not ways:
        return Note("nobody is verified; see [sender]")
    if sender.verify or sender.arc_sealers:
        from postdesk.verifying import resolver

        if not resolver(sender).answers(sender.dns_seconds):
            servers = ", ".join(sender.dns_servers) or "the system's DNS servers"
            raise SettingsError([f"sender.verify: {servers}: no answer. Mail is taken, but nobody is verified"])
    return ", ".join(ways)


def _signatures(house: House) -> str:
    from postdesk import dkim_state

    return dkim_state.check(house)


def _catalogue(house: House) -> str:
    known, ours = house.catalogue, house.settings.desk.addresses
    names = ", ".join(one.name for one in known.types)
    if faults := [
        f"desk.addresses.{place}.type: there is no type “{address.type}”; there are: {names}"
        for place, address in enumerate(ours)
        if known.type(address.type) is None
    ]:
        raise SettingsError(faults)
    return f"{len(known.types)} types, {len(known.services)} services, {len(known.items)} items"


def _catalogue_names(house: House) -> str:
    from postdesk.catalogue import FILE, raw, read
    from postdesk.catalogue_check import missing

    _needs_tables(house)
    rows = read(raw(house.loaded.home / FILE)).rows  # those that are right by themselves: the others are named above
    with house.database.reading() as session:
        faults = missing(session, rows, [desk.address for desk in house.settings.desk.addresses])
    if faults:
        raise SettingsError([f"{FILE}: {fault}" for fault in faults])
    return "all there"


def _commands(house: House) -> str:
    return f"{len(house.words.canonical_words)} commands"


PARTS: tuple[tuple[str, Callable[[House], str]], ...] = (
    ("settings", _settings),
    ("signing keys", _keys),
    ("catalogue", _catalogue),
    ("desk addresses", _addresses),
    ("database", _database),
    ("staff", _staff),
    ("teams, sites and addresses of the catalogue", _catalogue_names),
    ("blob store", _blobs),
    ("templates", _templates),
    ("commands by mail", _commands),
    ("senders", _senders),
    ("outgoing mail", _relay),
    ("signatures", _signatures),
)
