"""The first pass of a move: every mail is looked at once, and what threads it goes into the index."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from desk.numbers import Numbers
from gateway import old_numbers, parse
from gateway.desk_addresses import Addresses
from gateway.envelope import Mailbox, Message
from gateway.headers import looks_like_fields
from gateway.repeats import fingerprint
from gateway.subject import bare, is_answer
from gateway.view import message_key, references
from postdesk import moving_source
from postdesk.moving_index import Index
from postdesk.moving_source import Found, LeftOut

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC).timestamp()
_MOST_PEOPLE = 100  # of one mail, that threading looks at
_SHOWN = 200
_MAIL = (
    "INSERT INTO mail (id, place, file, offset, length, quoted, peer, at, key, message, sender, ours, outside, "
    "subject, answers, shown, title, remark) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_FATE = "INSERT INTO fate (mail, place, at, sender, title, fate, ticket, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Ours:
    """Whose mail is that of the desk: its addresses, its staff, and who is named as well."""

    addresses: Addresses
    people: frozenset[str]  # addresses of staff, those who left among them; in small letters
    more: frozenset[str] = frozenset()  # old addresses, or @example.com for all of a domain

    def __contains__(self, address: str) -> bool:
        """True for an address, in small letters, that speaks for the desk."""
        domain = address[address.rfind("@") :]
        if address in self.people or address in self.more or (domain and domain in self.more):
            return True
        return self.addresses.find(address) is not None

    def outside(self, boxes: Iterable[Mailbox]) -> list[str]:
        """The people among these who are not of the desk."""
        return list(dict.fromkeys(box.key for box in boxes if box.key and box.key not in self))[:_MOST_PEOPLE]


class Heads:
    """Fills the index; `look_at` for each mail that is found."""

    def __init__(self, index: Index, ours: Ours, now: datetime, limit: int, numbers: Numbers) -> None:
        self._index, self._ours, self._limit, self._numbers = index, ours, limit, numbers
        self._latest = now.timestamp()
        self.mails = self.left_out = 0

    def take(self, found: Iterable[Found | LeftOut], progress: Callable[[int], None]) -> None:
        """All of them; what is no mail, or cannot be read, has its fate at once."""
        for one in found:
            self.mails += 1
            if isinstance(one, LeftOut) and one.mail:
                self._lost(self.mails, Found(one.place, ""), one.why)
                continue
            if isinstance(one, LeftOut):
                self.mails -= 1
                self._leave_out(one.place, one.why)
                continue
            self._look_at(self.mails, one)
            progress(self.mails)

    def _leave_out(self, place: str, why: str) -> None:
        self.left_out += 1
        # Below zero: it is no mail, and is in the report all the same.
        self._index.run(_FATE, -self.left_out, place, None, "", "", "left out", "", why)

    def _look_at(self, mail: int, found: Found) -> None:
        try:
            raw = moving_source.read(found, self._limit)
        except OSError as error:
            self._lost(mail, found, f"cannot be read: {error.strerror or error}")
            return
        if len(raw) > self._limit:
            self._lost(mail, found, f"larger than mail.max_mb, {self._limit // (1024 * 1024)} MiB")
            return
        if not raw.strip():
            self._lost(mail, found, "empty")
            return
        head = parse.head(raw)
        if not (head.sender.key or head.date or looks_like_fields(raw[:8192])):
            self.mails -= 1
            self._leave_out(found.place, "no mail: it does not begin with header fields")
            return
        self._add(mail, found, head)

    def _lost(self, mail: int, found: Found, why: str) -> None:
        self._index.run(_FATE, mail, found.place, found.at, "", "", "not taken", "", f"{why}; it stays where it is")

    def _add(self, mail: int, found: Found, head: Message) -> None:
        sender, at = head.sender.key, self._time(head.date, found.at)
        named = references(head)
        remark = self._remark(head.date, at)
        subject = bare(old_numbers.strip(head.subject), self._numbers).casefold()[:_SHOWN]
        message = message_key(head.message_id) if head.message_id else None
        outside = self._ours.outside((head.sender, *head.to, *head.cc))
        is_ours = bool(sender) and sender in self._ours
        # The key is that of `fingerprint`: who is asked again finds the same, whatever way the mail came.
        self._index.run(
            _MAIL, mail, found.place, found.file, found.offset, found.length, found.quoted, found.peer, at,
            fingerprint(head, ""), message, sender, is_ours, json.dumps(outside), subject,
            is_answer(head.subject, self._numbers),
            (head.sender.address or head.shown_sender.name)[:_SHOWN], head.subject[:_SHOWN],
            remark,
        )  # fmt: skip
        self._index.many(
            "INSERT INTO reference VALUES (?, ?, ?)",
            [(mail, place, message_key(name)) for place, name in enumerate(named)],
        )
        self._index.many("INSERT INTO number VALUES (?, ?)", [(mail, key) for key in old_numbers.keys(head.subject)])

    @staticmethod
    def _remark(date: datetime | None, at: float) -> str:
        """For the report: its own date cannot be, and which one stands for it."""
        if date is None or date.timestamp() == at:
            return ""
        instead = datetime.fromtimestamp(at, UTC)
        return f" Its date, {date:%Y-%m-%d}, cannot be: it stands under {instead:%Y-%m-%d}."

    def _time(self, date: datetime | None, kept: float | None) -> float:
        """When it was written: by its Date where that can be, else when the mailbox got it, else now."""
        for at in (date.timestamp() if date else None, kept):
            if at is not None and _EARLIEST <= at <= self._latest:
                return at
        return self._latest


def digest_of(text: str) -> str:
    """A short name of a text, for good."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()
