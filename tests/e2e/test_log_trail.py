"""The log of a conversation: by one id the whole way of a mail from wire to letters, and nobody's words or names."""

import json
import re
import smtplib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from store.tables import Outbox, ReceivedMail
from tests.e2e.test_long_conversation import MAILS, PEOPLE, RELAY, Player
from tests.e2e.world import mail, send
from tests.peers.common import wait_for
from tests.peers.desk import DESK, Desk

PLAYED = 16  # mails of the conversation: questions, answers, commands, an internal note, a resolved ticket
SECRET = "Marked-Words"  # in the mails beside the conversation, where a name or a text may stand
EVE = f"{SECRET.lower()}@stranger.test"
STEPS = ("accepted", "handled")  # the events of each mail; whatever else names it is about a letter


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """The desk of the conversation, with a log for machines at the level that is usual."""
    settings = {
        "SENDER__TRUSTED_AUTHSERV_IDS": f'["{RELAY}"]',
        "CAPS__FIRST_RECEIPTS_PER_ADDRESS_HOUR": "50",
        "DESK__TIME_ZONE": "UTC",
        "LOG__LEVEL": "info",
        "LOG__FORMAT": "json",
    }
    with Desk(settings=settings) as running:
        running.run("staff", "add", PEOPLE["Sue"], "--name", "Sue Sample")
        for name in ("Jane", "Karl"):
            told = (PEOPLE[name], "--name", f"{name} Doe", "--organisation", "Sample Works", "--no-activate")
            running.run("contact", "add", *told)
        yield running


@pytest.fixture(scope="module")
def log(desk: Desk) -> list[dict[str, Any]]:
    """Its lines, after the conversation, a stranger's mail, a forged one, a report, and sessions that go wrong."""
    player = Player(desk)
    for number, step in enumerate(MAILS[:PLAYED], 1):
        player.play(number, step)
    forged = mail(f"{SECRET} <{PEOPLE['Jane']}>", SECRET, SECRET)
    forged["Authentication-Results"] = f"{RELAY}; dmarc=fail header.from=customer.test"
    forged._headers.insert(0, forged._headers.pop())  # type: ignore[attr-defined]
    send(desk.smtp, mail(f"{SECRET} <{EVE}>", SECRET, SECRET), forged)
    _report(desk)
    desk.wait_handled(PLAYED + 3)
    _rude(desk)
    _sent(desk)
    desk.stop()
    lines = [line for line in desk.log().splitlines() if line.startswith("{")]
    assert len(lines) == sum('"event"' in line for line in desk.log().splitlines())
    return [json.loads(line) for line in lines]


def _report(desk: Desk) -> None:
    """A delivery report on the first letter, to its return path."""
    letter = desk.letters(PEOPLE["Jane"])[0]
    report = mail("MAILER-DAEMON@relay.test", "Undelivered Mail", SECRET, str(letter["Return-Path"]).strip("<>"))
    report.replace_header("Content-Type", 'multipart/report; report-type=delivery-status; boundary="b"')
    status = (
        f"Reporting-MTA: dns; relay.test\n\nFinal-Recipient: rfc822; {PEOPLE['Jane']}\nAction: failed\nStatus: 5.1.1\n"
    )
    report.set_payload(
        f"--b\nContent-Type: text/plain\n\n{SECRET}\n--b\nContent-Type: message/delivery-status\n\n{status}\n--b--\n"
    )
    with smtplib.SMTP("127.0.0.1", desk.smtp, timeout=30) as client:
        client.sendmail("", [str(report["To"])], report.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


def _rude(desk: Desk) -> None:
    """Clients that are refused, that say nonsense, and that go away."""
    with smtplib.SMTP("127.0.0.1", desk.smtp, timeout=30) as client:
        client.ehlo(SECRET)
        assert client.mail(EVE)[0] == 250
        assert client.rcpt(f"{SECRET}@desk.test")[0] == 550
        client.docmd(SECRET)
    gone = smtplib.SMTP("127.0.0.1", desk.smtp, timeout=30)
    gone.ehlo()
    gone.mail(EVE)
    gone.close()


def _sent(desk: Desk) -> None:
    def none_waits() -> bool:
        with desk.database.reading() as session:
            return session.scalar(select(Outbox.id).where(Outbox.state == "waiting").limit(1)) is None

    wait_for(none_waits, "every letter to be sent")


def test_nobody_is_in_the_log(desk: Desk, log: list[dict[str, Any]]) -> None:
    """No address, no name, no subject, no line of a text, no token."""
    text = desk.log().partition('{"')[2]
    assert log
    for word in ("@", "%40", "customer.test", "stranger.test", "supplier.test", SECRET, "+r-", "Doe"):
        assert word.lower() not in text.lower(), word
    for name in PEOPLE:
        assert not re.search(rf"\b{name}\b", text), name
    for step in MAILS[:PLAYED]:
        for line in (step.get("subject", ""), *step["text"].splitlines()):
            assert len(line) < 8 or line not in text, line


def test_every_mail_can_be_followed(desk: Desk, log: list[dict[str, Any]]) -> None:
    """By its id: accepted, handled with its ticket and rule, and each letter that it caused with what became of it."""
    by_mail: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for line in log:
        if "mail" in line:
            by_mail[line["mail"]].append(line)
    with desk.database.reading() as session:
        mails = session.scalars(select(ReceivedMail.id)).all()
        letters = session.execute(select(Outbox.id, Outbox.received_id)).all()
    assert len(mails) == PLAYED + 3
    for mail_id in mails:
        # Who has committed says so last, and then another process may already have gone on: the order is not promised.
        (accepted,), (handled,) = ([line for line in by_mail[mail_id] if line["event"] == event] for event in STEPS)
        assert (accepted["source"], accepted["peer"], accepted["size"] > 0) == ("smtp", "127.0.0.1", True)
        assert handled["outcome"] in ("opened", "noted", "answered", "folded", "held")
        assert handled["rule"]
        caused = {row.id for row in letters if row.received_id == mail_id}
        assert set(handled.get("letters", ())) == caused
        told = {line["letter"] for line in by_mail[mail_id] if line["event"] not in STEPS}
        folded = {letter for line in log if line["event"] == "letters folded" for letter in line["letters"]}
        assert caused <= told | folded
    assert all(row.received_id for row in letters), "a letter of the conversation names no mail"


def test_outcomes_of_every_kind(log: list[dict[str, Any]]) -> None:
    """A held mail says by what rule; a report says of which letter it speaks; a ticket has its number."""
    handled = [line for line in log if line["event"] == "handled"]
    assert {"opened", "noted", "held", "folded"} <= {line["outcome"] for line in handled}
    (held,) = [line for line in handled if line["outcome"] == "held"]
    assert held["rule"]
    assert any(line.get("about_letters") for line in handled if line["outcome"] == "folded")
    assert not [
        line for line in handled if not re.fullmatch(r"T\d{8}\.\d{4}(\.\d{3})?", line.get("ticket", "T00000000.0000"))
    ]
    sent = [line for line in log if line["event"] == "letter sent"]
    assert sent
    assert not [line for line in sent if not {"letter", "kind", "mail"} <= line.keys()]


def test_the_same_way_stands_in_the_database(desk: Desk, log: list[dict[str, Any]]) -> None:
    """`postdesk mail show` tells it by the same id: in, what became of it, and each letter with its attempts."""
    handled = next(line for line in log if line["event"] == "handled" and line.get("letters"))
    shown = desk.run("mail", "show", str(handled["mail"]))
    assert f"on {handled['ticket']} (rule {handled['rule']})" in shown
    for letter in handled["letters"]:
        assert re.search(rf"Letter:    {letter}, \w+ to \S+: (?:sent|refused) \d{{4}}-", shown)
    assert DESK in shown
