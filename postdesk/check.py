"""`postdesk check`: tries each part of the house, and says in words what is wrong."""

from collections.abc import Callable

from postdesk import bundled
from postdesk.settings import SettingsError
from postdesk.wiring import House
from store.migrations import current


def check_all(house: House) -> tuple[list[str], int]:
    """A line for each part, and how many are at fault."""
    lines: list[str] = []
    told: dict[str, str] = {}  # fault → the part that has it
    for name, part in PARTS:
        try:
            lines.append(f"ok    {name}: {part(house)}")
        except Exception as error:
            for fault in error.faults if isinstance(error, SettingsError) else [_first_line(error)]:
                if fault in told:
                    lines.append(f"?     {name}: not tried, for the same reason as {told[fault]}")
                else:
                    told[fault] = name
                    lines.append(f"FAULT {name}: {fault}")
    return lines, len(told)


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


def _settings(house: House) -> str:
    file = house.loaded.file
    return str(file) if file else "defaults only; there is no settings file. Make one with: postdesk init"


def _keys(house: House) -> str:
    return f"{len(house.keys.entries)} signing key(s) in {house.settings.secrets.key_file}"


def _addresses(house: House) -> str:
    return ", ".join(desk.address for desk in house.addresses.desks)


def _database(house: House) -> str:
    version = house.database.check()
    found, newest = current(house.database)
    if found != newest:
        raise SettingsError([f"the schema is at {found or 'nothing'}, the newest is {newest}. Run: postdesk migrate"])
    return f"{version}, schema {found}"


def _staff(house: House) -> str:
    from desk import load

    with house.database.reading() as session:
        people = [person for person in load.staff(session).values() if person.active]
    if not people:
        raise SettingsError(["nobody works here yet: no one would be told of a new ticket. Run: postdesk init"])
    return f"{len(people)} member(s) of staff"


def _blobs(house: House) -> str:
    house.blobs.check()
    return str(house.settings.blobs.folder)


def _templates(house: House) -> str:
    from postdesk.outgoing import check_templates

    return (
        f"{check_templates(house)} letters, {len(list((bundled.folder('templates') / 'pages').glob('*.html')))} pages"
    )


def _relay(house: House) -> str:
    relay = house.settings.relay
    if relay.mode == "maildir":
        relay.folder.mkdir(parents=True, exist_ok=True)
        return f"letters are kept in {relay.folder}"
    import socket

    with socket.create_connection((relay.host, relay.port), timeout=5):
        return f"{relay.host}:{relay.port} answers"


PARTS: tuple[tuple[str, Callable[[House], str]], ...] = (
    ("settings", _settings),
    ("signing keys", _keys),
    ("desk addresses", _addresses),
    ("database", _database),
    ("staff", _staff),
    ("blob store", _blobs),
    ("templates", _templates),
    ("outgoing mail", _relay),
)
