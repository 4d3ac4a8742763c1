"""A mail that kills its reader, or keeps it for ever: three tries, then it is held, told of, and can be replayed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from store.tables import Event, ReceivedMail
from tests.attacks.outside import settle
from tests.attacks.service import became, hand_over
from tests.e2e.conftest import FREELY
from tests.e2e.world import CHECKOUT
from tests.peers.desk import STAFF, Desk

pytestmark = [pytest.mark.attack(36), pytest.mark.timeout(240)]
# A fault as a library in C would have it: no exception, and no way to interrupt it. Gone once the file is there.
FAULTY = """
import os, re, signal, sys
sys.path.insert(0, {checkout!r})
from gateway import parse, reading_time
reading_time.SECONDS = 0.5
read = parse.read
def faulty(raw, *more, **named):
    if not os.path.exists({mended!r}):
        if b"X-Sample: dies" in raw:
            os.kill(os.getpid(), signal.SIGSEGV)
        if b"X-Sample: hangs" in raw:
            re.match(b"(a+)+$", b"a" * 64 + b"!")
        if b"X-Sample: raises" in raw:
            raise RecursionError("as deep as that")
    return read(raw, *more, **named)
parse.read = faulty
"""
KINDS = {"dies": "reader-failed", "hangs": "reader-failed", "raises": "failed"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """With readers that some mails are fatal to; several, because one that dies quickly is not restarted at once."""
    made = Desk(("smtp", "work", "deliver"), workers=3, settings=FREELY)
    faulty = FAULTY.format(checkout=str(CHECKOUT), mended=str(tmp_path / "mended"))
    (tmp_path / "sitecustomize.py").write_text(faulty, encoding="ascii")
    made.environment["PYTHONPATH"] = str(tmp_path)
    with made:
        yield made


def _mail(kind: str) -> bytes:
    return (
        f"From: {kind}@reader.test\r\nTo: service@desk.test\r\nSubject: It {kind}\r\n"
        f"Message-ID: <{kind}@reader.test>\r\nDate: Mon, 03 Aug 2026 10:00:00 +0000\r\n"
        f"X-Sample: {kind}\r\n\r\nWords of {kind}.\r\n"
    ).encode()


def test_fatal_mails_are_held_and_can_be_replayed(desk: Desk, tmp_path: Path) -> None:
    """Others are handled meanwhile; each fatal one stays whole, and becomes a ticket once the reader is mended."""
    kept = {kind: hand_over(desk, _mail(kind), f"{kind}@reader.test") for kind in KINDS}
    fine = [hand_over(desk, _mail(f"fine{n}"), f"fine{n}@reader.test") for n in range(5)]
    assert {became(desk, number, 120).kind for number in fine} == {"opened"}
    for kind, rule in KINDS.items():
        done = became(desk, kept[kind], 120)
        assert (done.kind, done.rule) == ("held", rule)
        with desk.database.reading() as session:
            row = session.get_one(ReceivedMail, kept[kind])
            assert row.attempts == (4 if rule == "reader-failed" else 3)  # the fourth look was at the count alone
            assert not row.waiting
        assert _mail(kind) in desk.run("mail", "show", str(kept[kind]), "--raw").encode()
    assert desk.log().count("a process ended and is started again") >= 5
    settle(desk)
    told = " ".join(str(letter["Subject"]) for letter in desk.letters(STAFF))
    assert all(f"{kind}@reader.test" in told for kind in KINDS), told
    (tmp_path / "mended").touch()
    for kind, number in kept.items():
        desk.run("mail", "replay", str(number))
        with desk.database.reading() as session:
            (text,) = session.scalars(select(Event.text).where(Event.received_id == number))
        assert text == f"Words of {kind}."
