"""The soak program itself: that its traffic adds up, and that it sees it when something does not."""

from collections.abc import Iterator

import pytest
from sqlalchemy import delete, select, update

from bench.soak import ledger
from bench.soak.book import Sent
from bench.soak.flat import Point, robust_slope, verdict
from bench.soak.run import MB, Running, Wanted, judged, started, traffic
from store.tables import Attachment, Disposition, Event, Outbox, Tally

pytestmark = pytest.mark.timeout(600)  # a desk, its traffic and `postdesk verify`, on a machine that does much else
SECONDS, RATE = 5.0, 8.0
ANSWERS = {"reply by address", "reply by reference", "reply by number", "staff reply"}


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What the run printed."""
    return []


@pytest.fixture(scope="module")
def soaked(said: list[str]) -> Iterator[Running]:
    """A desk after some seconds of traffic: small files, so that it is quick."""
    wanted = Wanted(SECONDS, RATE, largest=MB // 4, say=said.append)
    with started(wanted) as running:
        while not running.book.kinds().keys() & ANSWERS:  # the first letters may come when the time is over
            traffic(running, wanted)
        assert judged(running, wanted) == []
        yield running


def test_the_traffic_is_mixed_and_adds_up(soaked: Running, said: list[str]) -> None:
    """New mails, replies and files were taken, pages were looked at, letters came; the figures say how long it took."""
    kinds = soaked.book.kinds()
    assert kinds["new"] >= 1
    assert kinds.keys() & ANSWERS
    assert sum(soaked.book.letters.values()) >= kinds["new"]
    assert soaked.book.pages
    text = "\n".join(said)
    assert "from the 250 to the receipt at the relay" in text
    assert "p99" in text
    assert "work" in text
    assert len(soaked.memory.heap) == len(soaked.desk.processes())


def test_a_lost_disposition_is_seen(soaked: Running) -> None:
    """Mail that was answered with 250 and came to nothing."""
    with soaked.desk.database.reading() as session:
        found = session.scalars(select(Disposition).where(Disposition.kind == "noted").limit(1)).first()
        found = found or session.scalars(select(Disposition).limit(1)).one()
        session.expunge(found)
    with soaked.desk.database.transaction() as session:
        session.execute(delete(Disposition).where(Disposition.received_id == found.received_id))
    wrong = ledger.violations(soaked.desk, soaked.book)
    with soaked.desk.database.transaction() as session:
        session.add(Disposition(**{column.key: getattr(found, column.key) for column in Disposition.__table__.columns}))
    assert any(f"mail {found.received_id} " in line and "has 0 dispositions" in line for line in wrong)
    assert any("the desk says that" in line for line in wrong)
    assert ledger.violations(soaked.desk, soaked.book) == []


def test_a_lost_mail_is_seen(soaked: Running) -> None:
    """A 250 without a row, and a row without a 250."""
    received_id, sent = next(iter(soaked.book.sent.items()))
    soaked.book.sent[1] = Sent("new", "<lost@customer.test>", 1, 0.0)
    del soaked.book.sent[received_id]
    wrong = ledger.violations(soaked.desk, soaked.book)
    del soaked.book.sent[1]
    soaked.book.sent[received_id] = sent
    assert "mail 1 (new) was answered with 250, and is not there" in wrong
    assert f"mail {received_id} is there, and no client got a 250 for it" in wrong
    assert "the sender of mail 1 (new) got no receipt" in wrong


def test_letters_are_counted(soaked: Running) -> None:
    """One that never came, one that came twice, one that is none of ours, one that waits."""
    first, second = list(soaked.book.letters)[:2]
    soaked.book.letters.update({first: 1, "<foreign@desk.test>": 1})
    soaked.book.letters[second] -= 1
    with soaked.desk.database.reading() as session:
        waits = session.scalars(select(Outbox.id).where(Outbox.message_id.not_in((first, second))).limit(1)).one()
    with soaked.desk.database.transaction() as session:
        session.execute(update(Outbox).where(Outbox.id == waits).values(state="failed"))
    wrong = "\n".join(ledger.violations(soaked.desk, soaked.book))
    with soaked.desk.database.transaction() as session:
        session.execute(update(Outbox).where(Outbox.id == waits).values(state="sent"))
    soaked.book.letters.subtract({first: 1, second: -1})
    del soaked.book.letters["<foreign@desk.test>"]
    assert "came to the relay 2 times" in wrong
    assert "came to the relay 0 times" in wrong
    assert "the relay got <foreign@desk.test>, of which the desk knows nothing" in wrong
    assert f"letter {waits} to" in wrong


def test_a_file_with_other_bytes_is_seen(soaked: Running) -> None:
    """The digest is the one that the sender reckoned."""
    received_id, sent = next(iter(soaked.book.sent.items()))
    soaked.book.sent[received_id] = Sent(
        sent.kind, sent.message_id, received_id, sent.at, digest="0" * 64, receipt_at=1
    )
    wrong = ledger.violations(soaked.desk, soaked.book)
    soaked.book.sent[received_id] = sent
    assert f"the file of mail {received_id} is not there, or is another one" in wrong
    with soaked.desk.database.reading() as session:
        kept = session.scalars(select(Attachment.digest).join(Event, Event.id == Attachment.event_id)).all()
    assert {one.digest for one in soaked.book.sent.values() if one.digest} <= set(kept)


def test_a_miscount_is_seen(soaked: Running) -> None:
    """The desk's own tally."""
    with soaked.desk.database.transaction() as session:
        session.execute(update(Tally).where(Tally.name == "accepted").values(value=Tally.value + 1))
    wrong = ledger.violations(soaked.desk, soaked.book)
    with soaked.desk.database.transaction() as session:
        session.execute(update(Tally).where(Tally.name == "accepted").values(value=Tally.value - 1))
    assert [line for line in wrong if line.startswith("the desk says that it took")]


def _series(rule: "object", seconds: int = 3600) -> list[Point]:
    return [(float(at), rule(at) + (at // 10 * 7919 % 11) / 10) for at in range(0, seconds, 10)]  # type: ignore[operator]


def test_a_leak_is_told_from_a_cache_and_from_noise() -> None:
    """Steady growth grows, growth that slows down fills, one high figure is nothing, and a short run says nothing."""
    assert verdict("x", _series(lambda at: 100)).says == "flat"
    assert verdict("x", _series(lambda at: 100 + (80 if at == 3000 else 0))).says == "flat"
    assert verdict("x", _series(lambda at: 100 + at / 120)).says == "grows"
    assert verdict("x", _series(lambda at: 100 + 80 * (1 - 2 ** (-at / 700)))).says in ("filling", "flat")
    assert verdict("x", _series(lambda at: 100 + 80 * (1 - 2 ** (-at / 200)))).says == "flat"
    assert verdict("x", _series(lambda at: 100 + at, 200)).says == "too short"
    assert robust_slope([(0, 0), (1, 1), (2, 50), (3, 3)]) == pytest.approx(1, abs=25)
