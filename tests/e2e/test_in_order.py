"""A heap of mail, and two processes at it: each answer lands on the ticket of the mail that it answers."""

from collections import Counter

import pytest
from sqlalchemy import func, select

from store.tables import Event
from tests.e2e.conftest import FREELY
from tests.e2e.world import assert_ledger, mail, outcomes, send
from tests.peers.desk import Desk
from tests.servers import Postgres

pytestmark = pytest.mark.peer
PAIRS = 150


@pytest.mark.timeout(300)
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_a_heap_of_questions_and_answers(store: str, request: pytest.FixtureRequest) -> None:
    """They come before anybody handles mail: a question, at once its answer, in batches that part them."""
    server: Postgres | None = request.getfixturevalue("postgres") if store == "postgres" else None
    settings = {**FREELY, "WORK__BATCH": "5"}
    with Desk(("smtp",), url=server.filled_database() if server else "", settings=settings, workers=2) as desk:
        for number in range(PAIRS):
            question = mail(f"asks{number}@customer.test", f"Question {number}")
            answer = mail(f"asks{number}@customer.test", f"Re: Question {number}")
            answer["In-Reply-To"] = str(question["Message-ID"])
            send(desk.smtp, question, answer)
        desk.stop()
        desk.start("work")
        desk.wait_handled(2 * PAIRS, 120)
        assert Counter(kind for kind, _ in outcomes(desk)) == {"opened": PAIRS, "noted": PAIRS}
        with desk.database.reading() as session:
            entries = session.scalars(select(func.count(Event.id)).group_by(Event.ticket_id)).all()
        assert entries == [2] * PAIRS
        assert_ledger(desk)
