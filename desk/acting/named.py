"""The people whom staff name by address: looked up, or made contacts where nobody has the address yet."""

import re
from collections.abc import Sequence

from desk import load, people
from desk.acting.rules import Refused
from desk.acting.stage import Stage
from desk.profile_values import is_address
from desk.said import say
from desk.state import ContactState

_BETWEEN = re.compile(r"[\s,;]+")


def addresses(stage: Stage, text: str, field: str, *, most: int) -> list[str]:
    """Each complete and to be written to: nobody of the desk, and no address of the desk itself."""
    found = list(dict.fromkeys(part.strip("<>") for part in _BETWEEN.split(text[: most * 400]) if part.strip("<>")))
    if not found:
        raise Refused(say("Enter an e-mail address in the correct format, like name@example.com"), field)
    if len(found) > most:
        raise Refused(say("Enter {n} addresses at most", n=most), field)
    colleagues = {person.address.lower() for person in stage.staff.values()}
    for address in found:
        if not is_address(address):
            raise Refused(say("“{address}” is not a complete e-mail address", address=address[:100]), field)
        if stage.desk.rules.is_ours(address) or address.lower() in colleagues:
            raise Refused(say("“{address}” is an address of the desk.", address=address), field)
    return found


def contacts(stage: Stage, found: Sequence[str], field: str, name: str = "") -> list[ContactState]:
    """The contacts of these addresses, each once. Whom staff name, staff know."""
    known = load.contacts_by_address(stage.session, {address.lower() for address in found}, stage.desk.rules.levels)
    load.see_below(stage.session, known.values())
    chosen: dict[int, ContactState] = {}
    for address in found:
        person = known.get(address.lower())
        if person is not None and not person.active:
            raise Refused(say("{address} is deactivated.", address=address), field)
        if person is None:
            person = people.add_contact(stage.writes, name=name, address=address, now=stage.now)
            known[address.lower()] = person
        chosen[person.id] = person
    return list(chosen.values())
