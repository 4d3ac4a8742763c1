"""Floods of mail: all of it is kept and accounted for, few letters go out, memory stays flat."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from desk import gathering
from store.tables import Disposition, Outbox
from tests.attacks.outside import begin, give, learnt, letters, post, pour, settle, state
from tests.attacks.service import cost
from tests.e2e.world import assert_ledger, mail, outcome_of
from tests.peers.desk import STAFF, Desk

PER_MINUTE = 20  # receipts to addresses that nobody knows, as shipped
SINGLY = 30  # letters to one member of staff, each about one ticket of a stranger, within an hour, as shipped
CAP = 20  # new tickets of one sender within two hours, as shipped


@pytest.fixture(scope="module")
def flooded() -> Iterator[Desk]:
    """A desk with the limits as they are shipped, that sends no letters while it is flooded."""
    with Desk(("smtp", "work")) as desk:
        yield desk


@pytest.mark.attack(64)
@pytest.mark.timeout(600)
def test_ten_thousand_forged_senders(flooded: Desk) -> None:
    """Each mail is kept and has its ticket; of the 10,000 that never wrote only a few get a letter, and staff few."""
    mails = [post(f"user{n}@victims.test", f"hi {n}", f"Sample words {n}") for n in range(10_000)]
    with cost(flooded, cpu=300, memory=96):
        assert pour(flooded, mails) == {"250": 10_000}
        flooded.wait_handled(10_000, 500)
    with flooded.database.reading() as session:
        kinds = Counter(session.scalars(select(Disposition.kind)))
        first, last = session.execute(select(func.min(Disposition.at), func.max(Disposition.at))).one()
        sent = session.scalar(select(func.count()).where(Outbox.recipient.like("%@victims.test")))
        once = select(func.count()).where(Outbox.recipient.like("%@victims.test")).group_by(Outbox.recipient)
        assert set(session.scalars(once)) == {1}
    assert kinds == {"opened": 10_000}
    assert PER_MINUTE <= (sent or 0) <= PER_MINUTE * (2 + (last - first) // timedelta(minutes=1))
    assert_ledger(flooded)
    assert_staff_hear_in_few_letters(flooded, 10_000)


def assert_staff_hear_in_few_letters(desk: Desk, count: int) -> None:
    """Each reader: a few letters about one ticket each, and one about all others, which names none of them twice."""
    told = desk.run("timers", "run", "gather")
    with desk.database.reading() as session:
        rows = session.scalars(select(Outbox).where(Outbox.kind.in_(("new_ticket", gathering.KIND)))).all()
    readers = {row.recipient for row in rows}
    assert STAFF in readers, told
    for reader in readers:
        mine = [row for row in rows if row.recipient == reader]
        singly = {row.ticket_id for row in mine if row.kind == "new_ticket" and row.state == "waiting"}
        along = {row.ticket_id for row in mine if row.kind == "new_ticket" and row.state == "folded"}
        (together,) = (row for row in mine if row.kind == gathering.KIND)
        assert len(singly) == SINGLY
        assert len(singly | along) == count
        assert (together.state, together.context["count"]) == ("waiting", count - SINGLY)
        assert set(together.context["tickets"]) <= along


@pytest.mark.attack(65)
def test_a_thousand_of_one_sender(flooded: Desk) -> None:
    """Twenty tickets, the rest is held for a person under one notice; one receipt, and nothing is lost."""
    sender, before = "flood@attacker.test", flooded.accepted()
    with cost(flooded, cpu=60, memory=96):
        assert pour(flooded, [post(sender, f"flood {n}", f"words {n}") for n in range(1000)]) == {"250": 1000}
        flooded.wait_handled(before + 1000, 300)
    found = Counter((done.kind, done.rule) for done in outcome_of(flooded, sender))
    assert found == {("opened", "new"): CAP, ("held", "flood"): 1000 - CAP}
    with flooded.database.reading() as session:
        mine = select(func.count()).where(Outbox.recipient == sender)
        assert (session.scalar(mine) or 0) <= 1
        about_held = select(func.count()).where(Outbox.recipient == STAFF, Outbox.kind == "mail_trouble")
        assert session.scalar(about_held) == 1
    assert_ledger(flooded)
    assert sorted(flooded.run("mail", "held").split()).count("flood") >= 1


@pytest.mark.attack(48)
def test_two_hundred_guessed_numbers(attacked: Desk) -> None:
    """New tickets up to the cap, then held; nothing that comes back tells the numbers that exist from the others."""
    talk, eve = begin(attacked, "ann.guessed@customer.test"), "eve.guesses@attacker.test"
    before, accepted, day = state(attacked, talk.number), attacked.accepted(), talk.number.partition(".")[0]
    there = int(talk.number.rpartition(".")[2])  # not those behind it: they will be the attacker's own
    tried = [f"{day}.{n:04d}" for n in (*range(max(1, there - 99), there + 1), *range(9000, 9199))][:200]
    mails = [post(eve, f"Re: [{number}] x", f"Is it {place}?") for place, number in enumerate(tried)]
    assert pour(attacked, mails, 4) == {"250": 200}
    attacked.wait_handled(accepted + 200)
    found = Counter((done.kind, done.rule) for done in outcome_of(attacked, eve))
    assert found == {("opened", "new"): CAP, ("held", "flood"): 200 - CAP}
    assert state(attacked, talk.number) == before
    told = learnt(attacked, eve)
    assert len(letters(attacked, eve)) == 1
    assert talk.number not in told
    assert "Sample matter" not in told


@pytest.mark.attack(64)
def test_a_receipt_carries_no_words_of_a_stranger(attacked: Desk) -> None:
    """Whoever forges a From has us write nothing of theirs to it: no subject, no text, no name, no file, no Cc."""
    victim = "innocent@victims.test"
    forged = mail(f"FREE COINS <{victim}>", "FREE COINS http://attacker.test", "Click http://attacker.test\n")
    forged["Cc"] = "other.innocent@victims.test"
    forged.add_attachment(b"x", maintype="text", subtype="plain", filename="FREE COINS.txt")
    assert give(attacked, forged, "eve.coins@attacker.test").kind == "opened"
    told = learnt(attacked, victim)
    assert "We have your request" in told
    assert [word for word in ("COINS", "Click", "attacker.test") if word in told] == []
    settle(attacked)
    assert learnt(attacked, "other.innocent@victims.test") == learnt(attacked, "eve.coins@attacker.test") == ""
