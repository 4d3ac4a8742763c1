"""What the attacks on outgoing mail share: a desk whose letters go to a relay of the test's own, and what it got."""

import re
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import compat32

from sqlalchemy import select

from store.tables import Delivery, Outbox, Ticket
from tests.e2e.conftest import FREELY
from tests.gateway.scripted_smtp import Answer, Scripted, scripted
from tests.peers import desk as desks
from tests.peers.common import wait_for
from tests.peers.desk import Desk

ROLES = ("smtp", "work", "deliver")
MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.MULTILINE | re.IGNORECASE)


def to_relay(server: Scripted) -> dict[str, str]:
    """Settings that hand letters to this relay, without TLS."""
    return {**FREELY, **desks.to_relay(server.port, TIMEOUT_SECONDS="5")}


@contextmanager
def relayed() -> Iterator[tuple[Desk, Scripted]]:
    """A running desk, and the relay that gets its letters."""
    with scripted() as server, Desk(ROLES, settings=to_relay(server)) as desk:
        yield desk, server


@contextmanager
def misbehaving(
    answers: dict[str, dict[str, Answer]], tls: dict[str, ssl.SSLContext], extra: str
) -> Iterator[tuple[dict[str, Scripted], str]]:
    """Relays by name, each with a desk address NAME@desk.test; and the settings that say so. `extra` is for each."""
    if not answers:
        yield {}, ""
        return
    name, *rest = answers
    with (
        scripted(answers[name], tls.get(name)) as server,
        misbehaving({one: answers[one] for one in rest}, tls, extra) as (others, settings),
    ):
        block = f'\n[[relays]]\nname = "{name}"\naddresses = ["{name}@desk.test"]\nhost = "127.0.0.1"\n'
        yield {name: server, **others}, f"{block}port = {server.port}\n{extra}{settings}"


def ids(server: Scripted) -> Counter[str]:
    """How often the relay was given each letter."""
    return Counter(found[1].decode() for raw in list(server.mails) if (found := MESSAGE_ID.search(raw)))


def letter_to(server: Scripted, words: bytes, recipient: bytes) -> bytes:
    """The letter to somebody that has these bytes in it, once the relay has it."""

    def look() -> list[bytes]:
        return [raw for raw in list(server.mails) if words in raw and re.search(rb"^To: .*" + recipient, raw, re.M)]

    return wait_for(look, f"a letter with {words!r}", 60)[0]


def read(raw: bytes) -> Message:
    """Its parts, decoded as little as can be."""
    return message_from_bytes(raw, policy=compat32)


def names_of(head: bytes) -> list[str]:
    """The names of the fields of a header block, as they stand there."""
    return [line.partition(b":")[0].decode().lower() for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")]


def attempts(desk: Desk, address: str) -> list[str]:
    """What was said of the letters of a desk address so far, each as result and reply."""
    with desk.database.reading() as session:
        found = session.execute(
            select(Delivery.result, Delivery.reply)
            .join(Outbox, Outbox.id == Delivery.outbox_id)
            .join(Ticket, Ticket.id == Outbox.ticket_id)
            .where(Ticket.desk_address == address)
            .order_by(Delivery.at)
        )
        return [f"{row.result}: {row.reply}" for row in found]
