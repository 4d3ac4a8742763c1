"""A desk on either database with a person in it, who has left traces wherever one can; and a look for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from typer.testing import CliRunner, Result

from postdesk import cli
from postdesk.init import Answers, run
from postdesk.settings import load
from postdesk.wiring import House
from store.tables import (
    Account,
    Contact,
    ContactAddress,
    Delivery,
    Event,
    ImportRun,
    LoginTry,
    Outbox,
    Pending,
    Suppression,
    Ticket,
    WebSession,
)
from store.tables.base import Base
from tests.gateway.desk_world import DESK, NOW, World, mail

ADDRESS, OTHER = "ann.marked@customer.test", "ann@old-home.test"
NAME = "Ann Marked-Sample"
SAM, BOB = "sam@desk.test", "Bob Neighbour <bob@customer.test>"
PHONE, WORD, FILE_WORD, LARGE_WORD = "0155-501-234", "zebrafinch", b"quaggabytes", b"okapioctets"
MARKS = (ADDRESS.encode(), OTHER.encode(), NAME.encode(), PHONE.encode(), WORD.encode(), FILE_WORD, LARGE_WORD)


@contextmanager
def opened(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[House, World]]:
    """A desk as `postdesk init` makes it, and its mail path driven by hand."""
    if url:
        monkeypatch.setenv("POSTDESK_DATABASE__URL", url)
    config = tmp_path / "postdesk.toml"
    run(config, Answers.sample())
    house = House(load(config))
    world = World(house.database, tmp_path)
    try:
        yield house, world
    finally:
        world.spool.close()
        house.database.close()


def command(house: House, *words: str) -> Result:
    """A command of `postdesk`, as typed."""
    cli.load_commands()
    return CliRunner().invoke(cli.app, ["--config", str(house.loaded.file), *words])


def letter_from_ann(subject: str, body: str) -> bytes:
    """A mail with text, HTML, a signature and a file."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = f"{NAME} <{ADDRESS}>", DESK, subject
    message["Date"], message["Message-ID"] = "Mon, 23 Nov 2026 11:59:00 +0000", f"<{abs(hash(subject))}@customer.test>"
    message.set_content(f"{body}\n\n-- \n{NAME}\n{PHONE}\n")
    message.add_alternative(f"<p>{body}</p><p>{NAME}, {PHONE}</p>", subtype="html")
    message.add_attachment(FILE_WORD * 200, maintype="application", subtype="octet-stream", filename="letter.bin")
    return message.as_bytes()


def fill(house: House, world: World) -> int:
    """Ann writes, is answered, is copied, imported, muted, signs in; the id of her ticket."""
    opened_by = world.take(letter_from_ann("My request", f"The {WORD} is broken."))
    assert opened_by.kind == "opened"
    ticket = opened_by.ticket_id
    assert ticket
    number = world.ticket(ticket).number
    world.take(mail(f"{NAME} <{ADDRESS}>", f"Re: [{number}]", f"More: {WORD}\n" + LARGE_WORD.decode() * 40000))
    other = world.take(mail(BOB, "Another thing", f"{NAME} asked me to write.", cc=f"{NAME} <{ADDRESS}>"))
    assert other.kind == "opened"
    world.take(mail(BOB, "A third thing", f"Call {ADDRESS} about it."))
    with house.database.transaction() as session:
        _more(session, house.database.ids.next, ticket, other.ticket_id)
    return ticket


def _more(session, new, ticket: int, other: int | None) -> None:  # type: ignore[no-untyped-def]
    ann = session.get_one(ContactAddress, ADDRESS).contact_id
    contact = session.get_one(Contact, ann)
    contact.details, contact.known = {"Phone": PHONE}, True
    session.add(ContactAddress(address=OTHER, written=OTHER, contact_id=ann, position=1))
    account = Account(id=new(), username=ADDRESS, contact_id=ann, created_at=NOW)
    session.add(account)
    session.flush()
    session.add(WebSession(key=b"k" * 32, account_id=account.id, csrf="c", created_at=NOW, seen_at=NOW, expires_at=NOW))
    for subject in (f"name:{ADDRESS}|192.0.2.1", f"name:link {OTHER}|192.0.2.1", f"request of:{ADDRESS}"):
        session.add(LoginTry(id=new(), subject=subject, at=NOW))
    session.add(Suppression(id=new(), address=ADDRESS, reason=f"550 no such user {ADDRESS}", since=NOW))
    session.add(
        ImportRun(id=new(), file_name="people.csv", by=ADDRESS, rows=[[2, "added", f"{NAME}, {ADDRESS}"]], at=NOW)
    )
    soon = NOW + timedelta(days=1)
    body = {"words": f"I am {NAME}"}
    session.add(
        Pending(id=new(), contact_id=ann, ticket_id=ticket, commands=[], body=body, created_at=NOW, expires_at=soon)
    )
    for at, kind, who in ((other, "note", f"{NAME} takes part."), (ticket, "note", f"Told {ADDRESS} and {NAME}.")):
        changes = {"additional contacts": ["", f"{NAME}, {ADDRESS}"]}
        session.add(Event(id=new(), ticket_id=at, at=NOW, kind=kind, visibility="internal", text=who, changes=changes))
    to_sam = Outbox(
        id=new(), kind="customer_wrote", recipient=SAM, ticket_id=ticket, context={"who": NAME, "at": ADDRESS},
        rendered=f"From: {NAME}".encode(), message_id="<x@desk.test>", next_at=soon, created_at=NOW,
    )  # fmt: skip
    session.add(to_sam)
    session.flush()
    session.add(Delivery(id=new(), outbox_id=to_sam.id, at=NOW, result="deferred", reply=f"450 {ADDRESS} is busy"))
    session.execute(update(Ticket).where(Ticket.id == ticket).values(title=f"For {NAME}", resolution=f"Rang {PHONE}"))


def traces(house: House, *marks: bytes) -> dict[bytes, list[str]]:
    """Where a mark is still to be found: in the files of the database, free space too, its rows, and the bytes."""
    found: dict[bytes, list[str]] = {mark: [] for mark in marks}
    places = {str(path): path.read_bytes() for path in house.settings.blobs.folder.rglob("*") if path.is_file()}
    if house.database.file:
        beside = (Path(f"{house.database.file}{ending}") for ending in ("", "-wal"))
        places |= {str(path): path.read_bytes() for path in beside if path.exists()}
    with house.database.reading() as session:
        for table in Base.metadata.sorted_tables:
            rows = session.execute(select(table)).all()
            places[table.name] = repr(rows).encode()
        if not house.database.is_sqlite:
            raw = session.execute(text("SELECT encode(data, 'escape') FROM raw_mail")).scalars().all()
            places["raw_mail as text"] = "".join(raw).encode()
    for mark in marks:
        found[mark] = sorted(name for name, data in places.items() if mark.lower() in data.lower())
    return {mark: names for mark, names in found.items() if names}
