"""Addresses of our own: desk addresses, reply addresses that carry a token, Message-IDs, return paths."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from desk import unsubscribing
from desk.keys import Keys
from desk.unsubscribing import Stop
from gateway import canary_token
from gateway.token import Token, make, read

# What stands behind the +, and the type that it sets; a catalogue may have others.
TYPES: Mapping[str, str] = {"incident": "Incident", "query": "Query", "change": "Change Request"}
# Our Message-IDs: <t20190409.0967.o17.r-token@host>
_MESSAGE_ID = re.compile(r"<[^<>@\s]*\.r-([a-z2-7]+)@[^<>@\s]+>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DeskAddress:
    """An address people write to, who is told, and the type of what is opened."""

    address: str  # lower case
    team: str = "Service Desk"
    type: str = "Query"


@dataclass(frozen=True, slots=True)
class Recipient:
    """What one recipient address of a mail means to the desk."""

    desk: DeskAddress
    token: Token | None = None
    type: str = ""  # from service+incident@
    stop: Stop | None = None  # somebody is to get no more letters of a sort
    canary: int = 0  # a mail of the desk to itself


class Addresses:
    """Knows the desk's own addresses, and makes and reads those with a token in them."""

    def __init__(
        self,
        desks: tuple[DeskAddress, ...],
        keys: Keys,
        hostname: str,
        separator: str = "+",
        types: Mapping[str, str] = TYPES,
    ) -> None:
        self.desks = desks
        self.hostname = hostname
        self._keys = keys
        self._separator = separator
        self._types = types
        self._last: tuple[Token | None, str] = (None, "")  # a letter says its token twice
        self._by_address = {desk.address: desk for desk in desks}
        self._domains = {desk.address.rpartition("@")[2] for desk in desks}

    @property
    def keys(self) -> Keys:
        """The keys that sign; one-time passwords are made with them as well."""
        return self._keys

    @property
    def main(self) -> DeskAddress:
        """The desk address that stands in letters with no ticket."""
        return self.desks[0]

    def find(self, address: str) -> Recipient | None:
        """What an address means here; None when it is nobody's."""
        address = address.strip().strip("<>").lower()
        if desk := self._by_address.get(address):
            return Recipient(desk)
        local, at, domain = address.rpartition("@")
        # Every mail server takes mail for its postmaster, even without a domain (RFC 5321 section 4.5.1).
        if (local or domain) == "postmaster" and (not local or domain in self._domains):
            return Recipient(self.main)
        for separator in dict.fromkeys((self._separator, "+", "-")):
            place = local.find(separator)
            while place > 0:
                if desk := self._by_address.get(local[:place] + at + domain):
                    return self._sub_addressed(desk, local[place + 1 :], separator)
                place = local.find(separator, place + 1)
        return None

    def _sub_addressed(self, desk: DeskAddress, detail: str, separator: str) -> Recipient | None:
        kind, _, text = detail.partition("-")
        if kind == "stop" and text:
            return Recipient(desk, stop=unsubscribing.read(text, self._keys))
        if kind in ("r", "b") and text:
            return Recipient(desk, read(text, self._keys))
        if kind == "c" and (canary := canary_token.read(text, self._keys)):
            return Recipient(desk, canary=canary)
        # A hyphen is part of many names: service-team@ is not service@ unless a token follows it.
        return Recipient(desk, type=self._types.get(detail, "")) if separator == "+" else None

    def reply_to(self, desk_address: str, token: Token) -> str:
        """Where a reply to a letter goes: service+r-<token>@example.com."""
        return self._with_detail(desk_address, f"r-{self._signed(token)}")

    def stop_address(self, desk_address: str, stop: Stop) -> str:
        """Where a mail with whatever words ends letters of a sort: service+stop-<token>@example.com."""
        return self._with_detail(desk_address, f"stop-{unsubscribing.make(stop, self._keys)}")

    def canary_address(self, desk_address: str, canary_id: int) -> str:
        """Where the desk sends a mail to itself: service+c-<token>@example.com."""
        return self._with_detail(desk_address, f"c-{canary_token.make(canary_id, self._keys)}")

    def return_path(self, outbox_id: int, sender: str = "") -> str:
        """The envelope sender of a letter (VERP): delivery reports to it name the very delivery.

        In the domain of the desk address that writes, as SPF wants it; the main one for an address of old.
        """
        address = sender if sender in self._by_address else self.main.address
        return self._with_detail(address, f"b-{make(Token('delivery', 0, outbox_id), self._keys)}")

    def _with_detail(self, address: str, detail: str) -> str:
        local, _, domain = address.rpartition("@")
        return f"{local}{self._separator}{detail}@{domain}"

    def message_id(self, label: str, outbox_id: int, token: Token) -> str:
        """A Message-ID that carries the token; `label` is the ticket number, for people who read headers."""
        return f"<{label.lower()}.o{outbox_id}.r-{self._signed(token)}@{self.hostname}>"

    def _signed(self, token: Token) -> str:
        known, text = self._last
        if known is not token:
            text = make(token, self._keys)
            self._last = (token, text)
        return text

    def thread_root(self, number: str) -> str:
        """The Message-ID that stands first in the References of all letters of a ticket; no mail has it."""
        return f"<{number.lower()}@{self.hostname}>"

    def token_of(self, message_id: str) -> Token | None:
        """The token in one of our Message-IDs, else None."""
        found = _MESSAGE_ID.fullmatch(message_id.strip())
        return read(found[1], self._keys) if found else None
