"""Programs that answer our letters come to rest after at most one automatic letter to each: no loop, whoever is odd.

Real desks, a real relay between them. The relay delivers before it says 250, so a desk whose letters are sent has
caused all that it will cause.
"""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from sqlalchemy import func, select

from store.tables import Disposition, Event, Outbox, ReceivedMail, Suppression, Ticket
from tests.e2e.world import answer, assert_ledger, mail
from tests.peers.common import wait_for
from tests.peers.desk import DESK, Desk, to_relay
from tests.peers.post_office import PostOffice, bounce, opened, reply

OTHER_DESK = "help@other.test"
AWAY, RUDE, GONE, LEFT, LIST, PARROT = (
    f"{name}@correspondent.test" for name in ("away", "rude", "gone", "left", "list", "parrot")
)


def _away(letter: EmailMessage, reverse_path: str) -> list[tuple[EmailMessage, str]]:
    """A vacation responder by the book (RFC 3834)."""
    text = "I am away until 7 December 2026."
    return [(reply(letter, AWAY, f"Auto: {letter['Subject']}", text, Auto_Submitted="auto-replied"), "")]


def _rude(letter: EmailMessage, reverse_path: str) -> list[tuple[EmailMessage, str]]:
    """One that says nowhere that it is a program, and opens a new subject each time."""
    text = "I am out of the office and will return on 7 December."
    again = reply(letter, RUDE, "Out of office", text)
    del again["In-Reply-To"], again["References"]
    again.replace_header("To", DESK)
    return [(again, RUDE)]


def _gone(letter: EmailMessage, reverse_path: str) -> list[tuple[EmailMessage, str]]:
    return [(bounce(letter, reverse_path, GONE), "")]


def _left(letter: EmailMessage, reverse_path: str) -> list[tuple[EmailMessage, str]]:
    return [(bounce(letter, reverse_path, LEFT), "")]


def _list(letter: EmailMessage, reverse_path: str) -> list[tuple[EmailMessage, str]]:
    """A mailing list that has the desk among its members: our letter comes back through it."""
    copy = reply(letter, f"List <{LIST}>", str(letter["Subject"]), "You wrote to the list.", List_Id="<l.test>")
    copy.replace_header("To", DESK)
    return [(copy, LIST)]


def _parrot(letter: EmailMessage, reverse_path: str) -> list[tuple[EmailMessage, str]]:
    """A broken desk: answers every mail at once, as a person would, to the reply address."""
    return [(reply(letter, PARROT, f"Re: {letter['Subject']}", "Your request was received."), PARROT)]


CORRESPONDENTS = {AWAY: _away, RUDE: _rude, GONE: _gone, LEFT: _left, LIST: _list, PARROT: _parrot}


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    """Two desks, and a relay that brings mails from one to the other."""
    with opened(PostOffice(dict(CORRESPONDENTS))) as made:
        yield made


def _desk(office: PostOffice, **more: str) -> Desk:
    return Desk(settings={**to_relay(office.port), **more})


@pytest.fixture(scope="module")
def desks(office: PostOffice) -> Iterator[tuple[Desk, Desk]]:
    """Ours, and another one of the same make."""
    with _desk(office) as ours, _desk(office, DESK__ADDRESSES=f'[{{address = "{OTHER_DESK}"}}]') as other:
        office.desks |= {DESK: ours.smtp, OTHER_DESK: other.smtp}
        yield ours, other


def _at_rest(*desks: Desk) -> None:
    def quiet() -> bool:
        for desk in desks:
            with desk.database.reading() as session:
                if session.scalar(select(func.count()).where(ReceivedMail.waiting)):
                    return False
                if session.scalar(select(func.count()).where(Outbox.state == "waiting")):
                    return False
        return True

    # Twice over all of them: the first desk may have got a mail while we looked at the second.
    wait_for(lambda: quiet() and quiet(), "everybody to come to rest", 60)


def _automatic(desk: Desk, recipient: str) -> int:
    """Letters that nobody wrote, to one address."""
    with desk.database.reading() as session:
        count = select(func.count()).where(Outbox.recipient == recipient, Outbox.automatic)
        return session.scalar(count) or 0


def _write(desk: Desk, message: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", desk.smtp, timeout=30) as client:
        client.send_message(message, to_addrs=[DESK])


@pytest.mark.parametrize("correspondent", sorted(CORRESPONDENTS.keys() - {LEFT}))
def test_a_correspondent_comes_to_rest(desks: tuple[Desk, Desk], office: PostOffice, correspondent: str) -> None:
    """One mail from each: at most one receipt, whatever comes back to it; the ledger is right."""
    ours, other = desks
    _write(ours, mail(correspondent, f"A request of {correspondent.partition('@')[0]}"))
    _at_rest(ours, other)
    assert _automatic(ours, correspondent) <= 1
    assert len(office.seen.get(correspondent, [])) == office.answered[correspondent] <= 1
    assert_ledger(ours)


def test_two_desks_come_to_rest(desks: tuple[Desk, Desk], office: PostOffice) -> None:
    """A mail in the name of the other desk: one receipt there, and the other desk does not answer a machine."""
    ours, other = desks
    _write(ours, mail(f"Other Desk <{OTHER_DESK}>", "Ticket 4711 was opened for you"))
    _at_rest(ours, other)
    assert (_automatic(ours, OTHER_DESK), _automatic(other, DESK)) == (1, 0)
    assert_ledger(ours)
    assert_ledger(other)


@pytest.mark.feature("F200", "mail")
def test_a_machine_is_told_of_a_note_once(desks: tuple[Desk, Desk], office: PostOffice) -> None:
    """Staff answer the vacation responder's owner: one letter goes, its automatic answer is shown, and that is all."""
    ours, other = desks
    _write(ours, mail(AWAY, "Again from somebody who leaves soon"))
    _at_rest(ours, other)
    with ours.database.reading() as session:
        ticket_id, number = session.execute(
            select(Ticket.id, Ticket.number).order_by(Ticket.created_at.desc()).limit(1)
        ).one()
    letter = next(found for found in reversed(office.seen["sam@desk.test"]) if found["X-Ticket"] == number)
    before = len(office.seen.get(AWAY, []))
    _write_to(ours, answer("Sam Sample <sam@desk.test>", letter, "Done.\n"))
    _at_rest(ours, other)
    assert len(office.seen[AWAY]) == before + 1
    with ours.database.reading() as session:
        kinds = list(session.scalars(select(Event.kind).where(Event.ticket_id == ticket_id).order_by(Event.at)))
    assert kinds[-1] == "automatic"


def _write_to(desk: Desk, message: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", desk.smtp, timeout=30) as client:
        client.send_message(message)


def test_what_bounced_is_muted(desks: tuple[Desk, Desk], office: PostOffice) -> None:
    """The address where nobody is: muted after its first letter, so that there is no second."""
    ours, other = desks
    _write(ours, mail(LEFT, "From an address that will be gone"))
    _at_rest(ours, other)
    with ours.database.reading() as session:
        muted = list(session.scalars(select(Suppression.address).where(Suppression.lifted_at.is_(None))))
        folded = select(Disposition.kind).where(Disposition.sender.like("mailer-daemon@%"))
        kinds = set(session.scalars(folded))
    assert LEFT in muted
    assert set(muted) <= {GONE, LEFT}
    assert kinds == {"folded"}
