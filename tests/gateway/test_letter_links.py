"""The letter about a new ticket says which other ticket the mail has to do with: staff hear it, nobody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database import Database
from store.tables import Ticket, TicketLink
from tests.gateway import letter_world as sample
from tests.gateway.letter_world import EVENT, NOW, SAM, TICKET

OTHER = 300


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Database]:
    """The sample desk, with one more ticket."""
    made = sample.database(tmp_path)
    sample.fill(made)
    values = {"title": "Old", "letter_subject": "Old", "status": "Complete", "requester_id": sample.KIM}
    sample.add(
        made,
        Ticket(
            id=OTHER,
            number="T20190101.0001",
            desk_address="service@example.com",
            created_at=NOW,
            updated_at=NOW,
            **values,
        ),
    )
    yield made
    made.close()


@pytest.mark.parametrize(
    "kind, sentence",
    [
        ("mentions", "It names T20190101.0001, to which the sender may not write."),
        ("continues", "It goes on from T20190101.0001, which is closed."),
        ("related", "It has to do with T20190101.0001."),
        ("split", "It was split off from T20190101.0001."),
    ],
)
def test_staff_are_told(base: Database, kind: str, sentence: str) -> None:
    """One sentence in the letter to staff; the receipt says nothing of it."""
    sample.add(
        base,
        TicketLink(ticket_id=TICKET, other_id=OTHER, kind=kind, created_at=NOW),
        sample.row(2001, "new_ticket", SAM, event_id=EVENT),
        sample.row(2002, "received", event_id=EVENT, context={"echo": True}),
    )
    letter, receipt = (" ".join(found.bytes.decode().split()) for found in sample.render(base, 2001, 2002))
    assert letter.count(sentence) == 2  # text and HTML
    assert "T20190101.0001" not in receipt


def test_a_ticket_without_links(base: Database) -> None:
    """Nothing is said when there is nothing to say."""
    sample.add(base, sample.row(2001, "new_ticket", SAM, event_id=EVENT))
    (letter,) = sample.render(base, 2001)
    assert b"T20190101.0001" not in letter.bytes
