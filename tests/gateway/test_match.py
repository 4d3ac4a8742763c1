"""Match: every piece of evidence is weighed, and the best answer decides."""

from desk.access import Person
from desk.numbers import STANDARD
from desk.state import ContactState, TicketState
from gateway.desk_addresses import Recipient
from gateway.envelope import Envelope, Mailbox, Message
from gateway.match import Match, find, is_own
from gateway.token import Token
from gateway.view import Incoming, View, message_key
from tests.gateway.desk_world import ADDRESSES

ANN, EVE = Person(contact_id=1), Person(contact_id=9)
FIRST, SECOND = "T20261101.0001", "T20261101.0002"


def view() -> View:
    """Ann's ticket 11 and somebody else's ticket 12, each with a mail."""
    people = [ContactState(1, "Ann", "ann@customer.test"), ContactState(2, "Bob", "bob@customer.test")]
    tickets = {
        11: TicketState(11, FIRST, "Phones", "New", people[0], "service@desk.test"),
        12: TicketState(12, SECOND, "Printer", "New", people[1], "service@desk.test"),
    }
    known = {message_key("<11@c.test>"): [11], message_key("<12@c.test>"): [12]}
    return View(tickets=tickets, known_messages=known, by_number={FIRST: 11, SECOND: 12})


def mail(
    subject: str = "", *, to: Token | None = None, answers: str = "", references: tuple[str, ...] = ()
) -> Incoming:
    """A mail with just the evidence."""
    recipients = (Recipient(ADDRESSES.main, to),) if to else ()
    message = Message(
        subject, Mailbox("", "x@customer.test"), in_reply_to=(answers,) if answers else (), references=references
    )
    named = tuple(STANDARD.find_all(subject))
    return Incoming(1, Envelope("", (), "smtp"), message, recipients, b"key", numbers=named)


def kinds(found: Match) -> list[tuple[str, int, str]]:
    """The evidence in short."""
    return [(piece.kind, piece.ticket_id, piece.write) for piece in found.evidence]


def test_the_strongest_comes_first() -> None:
    """E1, E2, E3, E4: all are kept, the first of equals decides."""
    own = Token("contact", 11, 1)
    letter = ADDRESSES.message_id(FIRST, 5, own)
    found = find(
        mail(f"Re: {FIRST}", to=own, answers=letter, references=("<11@c.test>",)), ANN, "pass", view(), ADDRESSES
    )
    assert kinds(found) == [("E1", 11, "note"), ("E2", 11, "note"), ("E3", 11, "note"), ("E4", 11, "note")]
    assert found.chosen is found.evidence[0]
    assert not found.conflict


def test_references_are_read_newest_first() -> None:
    """In-Reply-To, then References from the end."""
    found = find(mail(answers="<11@c.test>", references=("<12@c.test>", "<x@c.test>")), ANN, "pass", view(), ADDRESSES)
    assert [piece.value for piece in found.evidence] == ["<11@c.test>", "<12@c.test>"]
    assert found.conflict


def test_where_one_may_write_wins() -> None:
    """A weaker piece that allows a note beats a stronger one that leads to the lane."""
    found = find(mail(FIRST, answers="<12@c.test>"), ANN, "pass", view(), ADDRESSES)
    assert kinds(found) == [("E3", 12, "lane"), ("E4", 11, "note")]
    assert found.chosen is found.evidence[1]
    assert found.conflict


def test_nothing() -> None:
    """No evidence; a number that is nobody's is noted."""
    assert find(mail("Hello"), ANN, "pass", view(), ADDRESSES) == Match()
    assert find(mail("T20261101.9999"), ANN, "pass", view(), ADDRESSES) == Match(unknown_numbers=("T20261101.9999",))


def test_a_report_address_names_no_ticket() -> None:
    """The return path of a letter is for machines."""
    assert find(mail(to=Token("delivery", 0, 5)), ANN, "pass", view(), ADDRESSES) == Match()


def test_the_token_of_a_ticket_that_is_gone() -> None:
    """It names nothing any more, but it still proves whose it is."""
    assert find(mail(to=Token("contact", 99, 1)), ANN, "pass", view(), ADDRESSES) == Match(own_token=True)


def test_is_own() -> None:
    """By kind and id: a contact's token is not that of the member of staff with the same number."""
    assert is_own(Token("contact", 11, 1), ANN)
    assert not is_own(Token("contact", 11, 1), EVE)
    assert not is_own(Token("staff", 11, 1), ANN)
    assert is_own(Token("staff", 11, 1), Person(staff_id=1))
    assert not is_own(Token("contact", 11, 1), Person())
