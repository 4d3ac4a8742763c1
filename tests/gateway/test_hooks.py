"""Webhooks: told in the transaction of the cause, sent over real HTTP, signed, in order, once, again after faults."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from desk import lane
from desk.hooks import EVENTS, INFO, Hook, Hooks
from desk.state import ContactState
from desk.tickets import Note, note, number_tickets, open_ticket, resolve, set_status
from desk.writes import Writes
from gateway import hook_queue
from gateway.hooks import BadHook, HookSender, Target, back_off, check_url, read_secret, sign
from store.database import Database
from store.tables import Contact, HookMessage, Organisation
from tests.portal.world import START, Clock
from tests.servers import free_port

KEY = b"k" * 32


class Receiver:
    """A real HTTP server that answers as it is told, and remembers what it got."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[Callable[[BaseHTTPRequestHandler], None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                (outer.answers.pop(0) if outer.answers else says(204))(self)

            def log_message(self, *_: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks?of=desk"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def kinds(self) -> list[str]:
        """What it was told, in order."""
        return [json.loads(body)["type"] for _, body in self.got]

    def close(self) -> None:
        """Listen no more."""
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


def says(status: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def drips(handler: BaseHTTPRequestHandler) -> None:
    """A byte now and then: each by itself is in time."""
    waiting = threading.Event()
    try:
        for _ in range(200):
            handler.wfile.write(b"H")
            handler.wfile.flush()
            waiting.wait(0.05)
    except OSError:
        return


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """One that takes everything."""
    made = Receiver()
    yield made
    made.close()


class Desk:
    """A database with one contact, where things happen to tickets."""

    def __init__(self, database: Database, *hooks: Hook) -> None:
        self.database, self.clock = database, Clock()
        database.info[INFO] = Hooks(hooks, "https://desk.example.test")
        with database.transaction() as session:
            self.acme, self.jane = database.ids.next(), database.ids.next()
            session.add(Organisation(id=self.acme, name="Acme Sample", created_at=START))
            session.flush()
            session.add(Contact(id=self.jane, name="Jane Sample", organisation_id=self.acme, created_at=START))
        self.contact = ContactState(self.jane, "Jane Sample", "jane@customer.test", organisation_id=self.acme)

    def open(self, words: str = "No phone rings.") -> Any:
        """A ticket with its first note."""
        with self.database.transaction() as session:
            writes = Writes(self.database.ids.next)
            ticket = open_ticket(
                writes, requester=self.contact, title="Phones", kind="Incident", desk_address="service@example.test",
                team=None, now=self.clock(),
            )  # fmt: skip
            note(writes, ticket, Note(self.contact, words, self.clock()))
            number_tickets(session, writes, [ticket], self.clock(), ZoneInfo("UTC"))
            writes.flush(session)
        return ticket

    def say(self, ticket: Any, words: str = "", **values: Any) -> int:
        """An entry; `status` changes that too."""
        with self.database.transaction() as session:
            writes = Writes(self.database.ids.next)
            status = values.pop("status", "")
            changes = values.pop("changes", {})
            if status == "Resolved":
                changes = changes | resolve(writes, ticket, "A cable.", self.clock())
            elif status:
                changes = changes | set_status(writes, ticket, status, self.clock())
            kind = "note" if words else "change"
            entry = Note(self.contact, words, self.clock(), kind=kind, changes=changes, **values)
            event_id = note(writes, ticket, entry)
            writes.flush(session)
        return event_id

    def rows(self) -> list[HookMessage]:
        """All messages, oldest first."""
        with self.database.reading() as session:
            return list(session.scalars(select(HookMessage).order_by(HookMessage.created_at, HookMessage.id)))

    def sender(self, url: str, name: str = "chat", **options: Any) -> HookSender:
        """What sends to an address."""
        return HookSender(self.database, Target(name, url, KEY), clock=self.clock, **options)


@pytest.fixture
def desk(database: Database) -> Desk:
    """One webhook that hears of everything that is public; on each database."""
    return Desk(database, Hook("chat"))


def test_what_is_told(desk: Desk) -> None:
    """A ticket opened, noted, changed, resolved, completed by the clock: each once, without the words of people."""
    ticket = desk.open("The secret word of Jane.")
    entry = desk.say(ticket, "Another secret word.", status="Update Added")
    desk.say(ticket, changes={"priority": ["Low", "High"], "title": ["Phones", "A secret title"]})
    desk.say(ticket, status="Resolved")
    desk.say(ticket, status="Complete", visibility="internal")
    rows = desk.rows()
    kinds = [row.event for row in rows]
    assert kinds == [
        "ticket.opened", "ticket.noted", "ticket.changed", "ticket.changed", "ticket.resolved", "ticket.closed",
    ]  # fmt: skip
    opened, noted, moved, rated = (json.loads(row.body) for row in rows[:4])
    assert opened["timestamp"] == "2019-04-09T12:07:00.000Z"
    assert opened["data"]["ticket"] == {
        "number": ticket.number, "status": "New", "type": "Incident", "priority": "Low", "organisation": "Acme Sample",
        "site": None, "url": f"https://desk.example.test/t/{ticket.number}",
        "api_url": f"https://desk.example.test/api/v1/tickets/{ticket.number}",
    }  # fmt: skip
    assert noted["data"]["entry"] == {"id": entry, "internal": False}
    assert moved["data"]["changes"] == {"status": {"from": "New", "to": "Update Added"}}
    assert rated["data"]["changed"] == ["priority", "title"]
    assert rated["data"]["changes"] == {"priority": {"from": "Low", "to": "High"}}
    assert "secret" not in "".join(row.body for row in rows)


def test_internal_notes_are_told_where_that_is_wanted(database: Database) -> None:
    """Internal notes and times spent go to the webhook with `internal`; notes that wait for staff to nobody."""
    desk = Desk(database, Hook("open"), Hook("inside", internal=True), Hook("others", organisation="Others Sample"))
    ticket = desk.open()
    desk.say(ticket, "For the desk.", visibility="internal", changes={"time": ["", "15 min"]})
    waiting = desk.say(ticket, "Of a stranger.", visibility="pending")
    told = [(row.hook, row.event) for row in desk.rows()]
    assert told == [
        ("open", "ticket.opened"), ("inside", "ticket.opened"), ("inside", "ticket.noted"),
        ("inside", "ticket.changed"),
    ]  # fmt: skip
    with database.transaction() as session:
        writes = Writes(database.ids.next)
        lane.show(writes, ticket, waiting, desk.contact, desk.clock(), reopen_days=14, fold=timedelta(0))
        writes.flush(session)
    last = [(row.hook, row.event) for row in desk.rows()][len(told) :]
    assert ("open", "ticket.noted") in last


def test_nothing_is_told_of_what_did_not_happen(desk: Desk) -> None:
    """A transaction that fails leaves no message; without webhooks there is none either."""
    ticket = desk.open()

    def fail() -> None:
        with desk.database.transaction() as session:
            writes = Writes(desk.database.ids.next)
            note(writes, ticket, Note(desk.contact, "Words", desk.clock()))
            writes.flush(session)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [row.event for row in desk.rows()] == ["ticket.opened"]
    desk.database.info.clear()
    desk.say(ticket, "More words")
    assert len(desk.rows()) == 1


def test_a_message_is_signed(desk: Desk, receiver: Receiver) -> None:
    """Id, time and body make the signature, as a receiver computes it (Standard Webhooks)."""
    desk.open()
    assert desk.sender(receiver.url).drain_once() == 1
    (headers, body), (row,) = receiver.got[0], desk.rows()
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == f"msg_{row.id}"
    assert int(headers["webhook-timestamp"]) == int(START.timestamp())
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    assert (row.state, row.reply, row.body, row.attempts) == ("sent", "204 No Content", "", 1)


def test_the_signature_of_the_standard() -> None:
    """The example of the specification comes out as it stands there."""
    key = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    assert sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_again_until_it_is_taken(desk: Desk, receiver: Receiver) -> None:
    """A 500, a time-out that drips, a refused connection, then taken: delivered once, in order, under the same id."""
    ticket = desk.open()
    desk.say(ticket, "More.")
    desk.say(ticket, status="Resolved")
    receiver.answers = [says(500), drips]
    sender, closed = desk.sender(receiver.url, timeout=0.5), f"http://127.0.0.1:{free_port()}/"
    assert sender.drain_once() == 1
    assert sender.drain_once() == 0, "it rests"
    desk.clock.forward(minutes=1)
    assert sender.drain_once() == 1
    assert [row.reply for row in desk.rows()] == ["no answer within 0.5 seconds", "", ""]
    desk.clock.forward(minutes=5)
    assert desk.sender(closed).drain_once() == 1
    assert desk.rows()[0].reply.startswith("no connection: ")
    receiver.got.clear()
    desk.clock.forward(hours=1)
    again = desk.sender(receiver.url)
    while again.drain_once():
        pass
    assert receiver.kinds() == ["ticket.opened", "ticket.noted", "ticket.resolved"]
    assert [row.state for row in desk.rows()] == ["sent"] * 3
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 3


def test_what_is_wrong_with_one_message_stops_no_other_ticket(desk: Desk, receiver: Receiver) -> None:
    """A 422 is tried again later; other tickets go on, and a later message about the same one waits its turn."""
    first, second = desk.open(), desk.open()
    desk.say(first, "More.")
    receiver.answers = [says(422)]
    sender = desk.sender(receiver.url)
    assert sender.drain_once() == 2
    assert sender.drain_once() == 0
    assert [row.state for row in desk.rows() if row.ticket_id == second.id] == ["sent"]
    assert [row.state for row in desk.rows() if row.ticket_id == first.id] == ["waiting", "waiting"]


def test_redirects_are_not_followed(desk: Desk, receiver: Receiver) -> None:
    """The address in the settings is the one that is spoken to."""
    desk.open()
    receiver.answers = [says(307, Location=receiver.url)]
    desk.sender(receiver.url).drain_once()
    assert len(receiver.got) == 1
    assert desk.rows()[0].reply == "307 Temporary Redirect: redirects are not followed; set the new address"


def test_given_up_after_three_days(desk: Desk, receiver: Receiver) -> None:
    """The message stays to be seen, those behind it too, and a person has them sent after all."""
    ticket = desk.open()
    desk.say(ticket, "More.")
    receiver.answers = [says(503)] * 2
    sender = desk.sender(receiver.url)
    sender.drain_once()
    desk.clock.forward(days=3)
    sender.drain_once()
    assert [(row.state, row.reply) for row in desk.rows()] == [("given up", "503 Service Unavailable")] * 2
    with desk.database.transaction() as session:
        assert hook_queue.counts(session) == {("chat", "given up"): 2}
        assert hook_queue.retry(session, desk.clock(), hook="chat") == 2
    while desk.sender(receiver.url).drain_once():
        pass
    assert [row.state for row in desk.rows()] == ["sent"] * 2
    with desk.database.transaction() as session:
        assert hook_queue.forget(session, desk.clock() - hook_queue.KEPT) == 0
        assert hook_queue.forget(session, desk.clock() + timedelta(days=1)) == 2


def test_gone_is_final(desk: Desk, receiver: Receiver) -> None:
    """410: the receiver wants no more of this."""
    desk.open()
    receiver.answers = [says(410)]
    desk.sender(receiver.url).drain_once()
    assert desk.rows()[0].state == "given up"


def test_killed_between_sending_and_writing_it_down(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies after the receiver's 204: one extra at most, with the id that the receiver has seen."""
    desk.open()

    def dies(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(hook_queue, "sent", dies)
        patched.setattr(hook_queue, "give_back", lambda *_: None)  # as when nothing more is done
        with pytest.raises(KeyboardInterrupt):
            desk.sender(receiver.url).drain_once()
    assert desk.sender(receiver.url).drain_once() == 0, "its lease runs"
    desk.clock.forward(minutes=6)
    assert desk.sender(receiver.url).drain_once() == 1
    assert desk.sender(receiver.url).drain_once() == 0
    assert len(receiver.got) == 2
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"]
    assert receiver.got[0][1] == receiver.got[1][1]


def test_two_senders_share_the_work(desk: Desk, receiver: Receiver) -> None:
    """Two processes at once: each message goes once."""
    for _ in range(6):
        desk.open()
    senders = [desk.sender(receiver.url) for _ in range(2)]

    def work(sender: HookSender) -> None:
        while sender.drain_once():
            pass

    threads = [threading.Thread(target=work, args=(sender,)) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receiver.got) == len({headers["webhook-id"] for headers, _ in receiver.got}) == 6


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "ftp://127.0.0.1/", "https://", "https://user:pw@example.com/", "https://ex ample.com/",
     "https://example.com:99999/", "https://example.com/\r\nX: y"],
)  # fmt: skip
def test_addresses_that_are_refused(url: str) -> None:
    """Over TLS, or inside this machine, and without anything that would get into the request."""
    with pytest.raises(BadHook):
        check_url(url)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!"])
def test_secrets_that_are_refused(secret: str) -> None:
    """Too short to guard anything, or not as the standard writes them; the fault does not repeat it."""
    with pytest.raises(BadHook) as error:
        read_secret(secret)
    assert not secret or secret == "whsec_" or secret not in str(error.value)


def test_the_waits_grow() -> None:
    """From seconds to eight hours."""
    waits = [back_off(attempts) for attempts in range(1, 15)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(seconds=6), timedelta(hours=8))


def test_every_event_is_known() -> None:
    """A webhook without a list hears of all."""
    assert Hook("x").events == set(EVENTS)
