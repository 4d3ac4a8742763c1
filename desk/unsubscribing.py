"""Off a list with one click: a token names the person and the list, and whoever has it may end that, and nothing else.

The same token stands in a mail address and in the address of a page (RFC 2369, RFC 8058).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from desk import audit, signed
from desk.keys import Keys
from desk.writes import Writes
from store.tables import Alert, Contact, Participant, Staff, Ticket

# Of a ticket: its alerts; what a watcher hears; what somebody hears who takes part. And lists of the desk.
List = Literal["alerts", "watching", "ticket", "digest", "news", "day sheet"]
_LISTS: tuple[List, ...] = get_args(List)
_OF_TICKETS = frozenset({"alerts", "watching", "ticket"})
_VERSION = 1
_PURPOSE = "stop token"
_TOKEN = re.compile(r"[a-z2-7]{24,48}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Stop:
    """Who is to get no more of what; `person_id` is a contact, of the day sheet a member of staff."""

    list: List
    person_id: int
    ticket_id: int = 0


def make(stop: Stop, keys: Keys) -> str:
    """The token, in lower-case base32."""
    person, ticket = (
        value.to_bytes(max(1, (value.bit_length() + 7) // 8)) for value in (stop.person_id, stop.ticket_id)
    )
    payload = bytes((_VERSION << 4 | _LISTS.index(stop.list), keys.newest, len(person))) + person + ticket
    return signed.write(payload, keys, _PURPOSE)


def read(text: str, keys: Keys) -> Stop | None:
    """What a token says; None when it is not ours, altered, or signed with a key that is gone."""
    text = text.lower()
    if not _TOKEN.fullmatch(text):
        return None
    payload = signed.read(text, keys, _PURPOSE, 5)
    if payload is None or payload[0] >> 4 != _VERSION or payload[0] & 0b1111 >= len(_LISTS):
        return None
    end = 3 + payload[2]
    if end >= len(payload):
        return None
    return Stop(_LISTS[payload[0] & 0b1111], int.from_bytes(payload[3:end]), int.from_bytes(payload[end:]))


def apply(writes: Writes, stop: Stop, now: datetime) -> None:
    """Take somebody off a list; a second time changes nothing. Letters that everybody gets still come."""
    kind = "staff" if stop.list == "day sheet" else "contact"
    audit.note(writes, "contact.unsubscribed", kind, stop.person_id, list=stop.list, ticket=stop.ticket_id or None)
    ticket = {"ticket_id": stop.ticket_id, "contact_id": stop.person_id}
    if stop.list == "alerts":
        writes.set(Alert, ticket | {"sent_at": None}, sent_at=now)
    elif stop.list == "watching":
        writes.set(Participant, ticket | {"role": "watching", "removed_at": None}, muted=True, removed_at=now)
    elif stop.list == "ticket":
        writes.set(Participant, ticket, muted=True)
        writes.set(Ticket, {"id": stop.ticket_id, "requester_id": stop.person_id}, requester_muted=True)
    elif stop.list == "digest":
        writes.change(Contact, stop.person_id, digest=False)
    elif stop.list == "news":
        writes.change(Contact, stop.person_id, news=False)
    else:
        writes.change(Staff, stop.person_id, day_sheet=False)
