"""Tickets as text: what staff see of the tickets that one has to do with."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from gateway.envelope import Envelope
from postdesk.show import ticket_text
from postdesk.wiring import House
from store.tables import Ticket


def take(house: House, sender: str, subject: str) -> str:
    """A mail becomes a ticket; its number."""
    raw = f"From: {sender}\r\nTo: service@desk.test\r\nSubject: {subject}\r\n\r\nHello.\r\n"
    spool = house.spool()
    spool.accept(Envelope(sender, ("service@desk.test",), "smtp"), raw.encode())
    spool.close()
    house.intake().drain_once()
    with house.database.reading() as session:
        return session.scalars(select(Ticket.number).order_by(Ticket.number.desc())).first() or ""


def shown(house: House, number: str) -> str:
    """The ticket as text."""
    with house.database.reading() as session:
        return ticket_text(session, number) or ""


def test_a_ticket_that_names_another(house: House) -> None:
    """The number that a stranger named, said on both tickets; its title does not hold it."""
    first = take(house, "ann@customer.test", "Phones")
    other = take(house, "eve@elsewhere.test", f"Re: [{first}] Phones")
    assert f"  Linked:   It names {first}, to which the sender may not write." in shown(house, other)
    assert f"  Linked:   {other} names it; its sender may not write here." in shown(house, first)


def test_a_ticket_that_goes_on_from_another(house: House) -> None:
    """A late answer to a closed ticket opens one that says where it comes from."""
    first = take(house, "ann@customer.test", "Phones")
    long_ago = datetime.now(UTC) - timedelta(days=60)
    with house.database.transaction() as session:
        session.execute(update(Ticket).values(status="Complete", completed_at=long_ago))
    other = take(house, "ann@customer.test", f"Re: [{first}] Phones")
    assert f"  Linked:   It goes on from {first}, which is closed." in shown(house, other)
    assert f"  Linked:   {other} goes on from it." in shown(house, first)
