"""Who wrote is forgotten after so many days; that a mail came, and its outcome, is not."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from desk import retention
from store.database import Database
from store.tables import Disposition, LoginTry, ReceivedMail, Suppression
from tests.gateway import desk_world
from tests.gateway.desk_world import ANN, EVE, NOW, mail


def test_envelopes(database: Database, tmp_path: Path) -> None:
    """Sender, peer and subject go; a held mail keeps them, and so does a younger one; the ledger is right."""
    desk_world.fill(database)
    with desk_world.opened(database, tmp_path) as world:
        old = world.take(mail(ANN, "Old"), reverse_path=ANN, peer="192.0.2.1").received_id
        held = world.take(mail(EVE, "Held", verdict="fail")).received_id
        world.clock.forward(days=2)
        young = world.take(mail(ANN, "Young")).received_id
        with world.database.transaction() as session:
            for address, lifted in ((EVE, NOW), (ANN, None)):
                row = Suppression(
                    id=world.database.ids.next(), address=address, reason="no", since=NOW, lifted_at=lifted
                )
                session.add(row)
            session.flush()
            gone = retention.envelopes(session, NOW + timedelta(days=1), "")
            again = retention.envelopes(session, NOW + timedelta(days=1), gone.mark)
        assert (gone.count, again.count) == (1, 0)
        assert (world.disposition(old).sender, world.disposition(old).subject) == ("", "")
        assert world.disposition(old).kind == "opened"
        assert world.disposition(held).sender == EVE
        assert world.disposition(young).subject == "Young"
        assert world.all(select(ReceivedMail.peer).where(ReceivedMail.id == old)) == [""]
        assert world.all(select(Suppression.address)) == [ANN]
        assert world.count(Disposition) == 3


def test_tries(database: Database) -> None:
    """Sign-ins that failed are forgotten when no limit looks at them any more: in an hour, wrong codes in 30 days.

    What is far ahead of the clock was written while that was wrong.
    """
    kept = {("name:x", 1), ("code:7", 3), ("code:7", 30 * 24), ("name:x", -1)}
    with database.transaction() as session:
        for subject, hours in [*kept, ("name:x", 2), ("code:7", 30 * 24 + 1), ("code:7", -2), ("name:x", -24)]:
            session.add(LoginTry(id=database.ids.next(), subject=subject, at=NOW - timedelta(hours=hours)))
        session.flush()
        retention.tries(session, NOW)
        left = session.execute(select(LoginTry.subject, LoginTry.at)).all()
        assert {(subject, (NOW - at) // timedelta(hours=1)) for subject, at in left} == kept
