"""Mails as text: all that is known of one, what staff can do about it, and how it travelled."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from desk import held_reasons
from desk.held import discard
from gateway.envelope import Envelope
from gateway.held import hold
from gateway.travel import Hop, Journey
from postdesk import cli_mail  # noqa: F401 - it adds its commands
from postdesk.cli import app
from postdesk.show_travel import travel_lines
from postdesk.wiring import House
from store.tables import ReceivedMail

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def receive(house: House, raw: str, sender: str = "eve@elsewhere.test") -> int:
    """A mail that is handled; its id."""
    spool = house.spool()
    mail_id = spool.accept(Envelope(sender, ("service@desk.test",), "smtp"), raw.encode())
    spool.close()
    house.intake().drain_once()
    return mail_id


def show(config: Path, mail_id: int, *options: str) -> list[str]:
    """What `postdesk mail show` prints."""
    done = CliRunner().invoke(app, ["--config", str(config), "mail", "show", str(mail_id), *options])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


AWAY = (
    "Received: from a.test by b.test with ESMTPS for <boss@elsewhere.test>; Mon, 23 Nov 2026 12:03:05 +0000\r\n"
    "Received: from laptop.test by a.test with ESMTPSA; Mon, 23 Nov 2026 12:00:00 +0000\r\n"
    "From: Eve <eve@elsewhere.test>\r\nTo: service@desk.test\r\nSubject: Out of office\r\n"
    "Date: Tue, 23 Nov 2026 12:00:00 +0000\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nI am back on 30 November 2026.\r\n--x\r\n"
    "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=plan.txt\r\n\r\nSample\r\n"
)


def test_a_held_mail_tells_all_that_helps_to_decide(house: House, config: Path) -> None:
    """Why it waits, what may be behind it, what is automatic, odd and attached, what one can do, how it travelled."""
    mail_id = receive(house, AWAY)
    text = "\n".join(show(config, mail_id))
    why, behind = held_reasons.sentences(
        "automatic-alone", "It is an automatic mail (auto reply) and belongs to no ticket."
    )
    for words in (
        "Became:    held (rule automatic-alone)",
        f"Because:   {why}",
        f"Perhaps:   {behind}",
        "Automatic: an automatic answer, as of somebody who is away, back on 2026-11-30",
        "Odd:       multipart without its closing boundary",
        "Odd:       no Message-ID",
        "Odd:       Date: the day of the week does not fit the date",
        "File:      plan.txt, text/plain, ",
        f"    postdesk --config {config} mail discard {mail_id}",
        f"    postdesk --config {config} mail attach {mail_id} NUMBER",
        "How it travelled: 2 servers in 3 min.",
        "a.test → b.test       ESMTPS    after 3 min",
    ):
        assert words in text
    assert "boss@elsewhere.test" not in text


def test_a_mail_that_waits_for_nobody_offers_nothing(house: House, config: Path) -> None:
    """An opened mail has no choices, and one that came by no server says so."""
    lines = show(config, receive(house, "From: Ann <ann@customer.test>\r\nSubject: Phones\r\n\r\nHelp.\r\n"))
    assert not any("What you can do" in line for line in lines)
    assert lines[-1] == "How it travelled: nothing says so. The mail has no Received line."


def test_what_a_person_ended_is_shown(house: House, config: Path) -> None:
    """Who put it away and when stands in its history."""
    mail_id = receive(house, AWAY)
    with house.database.transaction() as session:
        discard(session, mail_id, by="sam", why="nothing to do", now=NOON)
    lines = show(config, mail_id)
    assert "  Because:   Discarded by sam: nothing to do." in lines
    (past,) = [line for line in lines if line.startswith("  Earlier:")]
    assert past.startswith("  Earlier:   held: It is an automatic mail")
    assert past.endswith("Until 2026-11-23 12:00 UTC, by sam.")


@pytest.mark.parametrize("put_away", [False, True])
def test_a_mail_that_stops_the_reader_is_not_read(house: House, config: Path, put_away: bool) -> None:
    """Showing it must not end the command as it ended the workers; put away it is as dangerous."""
    spool = house.spool()
    mail_id = spool.accept(Envelope("eve@elsewhere.test", ("service@desk.test",), "smtp"), AWAY.encode())
    spool.close()
    with house.database.transaction() as session:
        hold(session, mail_id, "reader-failed", "Reading it failed.", NOON, house.database.ids.next)
    if put_away:
        with house.database.transaction() as session:
            discard(session, mail_id, by="sam", now=NOON)
    text = "\n".join(show(config, mail_id))
    assert "it is not read again here" in text
    assert "plan.txt" not in text
    assert "How it travelled: 2 servers" in text
    assert "".join(show(config, mail_id, "--raw")) == "".join(AWAY.splitlines())


def test_a_mail_whose_bytes_are_gone(house: House, config: Path) -> None:
    """All else is shown; only --raw fails, with the exit code for a broken file."""
    mail_id = receive(house, AWAY)
    with house.database.transaction() as session:
        session.execute(update(ReceivedMail).values(blob="0" * 64))
        session.connection().exec_driver_sql("DELETE FROM raw_mail")
    text = "\n".join(show(config, mail_id))
    assert "its bytes cannot be read: No such file" in text
    assert f"mail discard {mail_id}" in text
    done = CliRunner().invoke(app, ["--config", str(config), "mail", "show", str(mail_id), "--raw"])
    assert (done.exit_code, f"The bytes of mail {mail_id} cannot be read" in done.output) == (74, True)


@pytest.mark.parametrize("mail_id", ["0", "7", str(10**30)])
def test_a_mail_that_is_not_there(house: House, config: Path, mail_id: str) -> None:
    """However large the id is."""
    done = CliRunner().invoke(app, ["--config", str(config), "mail", "show", mail_id])
    assert (done.exit_code, done.output) == (66, f"There is no mail {mail_id}.\n")


def hop(number: int, seconds: float | None, *, readable: bool = True) -> Hop:
    """A hop that took so long; None where nobody knows."""
    delay = None if seconds is None else timedelta(seconds=seconds)
    return Hop(number, "a.test", "b.test", "SMTP", None if seconds is None else NOON, delay, readable)


@pytest.mark.parametrize(
    "shown, words",
    [
        (hop(2, 2), "a.test → b.test  SMTP      after 2 s"),
        (hop(2, 200), "after 3 min"),
        (hop(2, 4 * 3600), "after 4 h"),
        (hop(2, 3 * 86400), "after 3 days"),
        (hop(2, -200), "3 min before the hop before it: one of the two clocks is wrong"),
        (hop(2, None), "its time cannot be read"),
        (hop(2, None, readable=False), "the Received line cannot be read"),
        (Hop(2, "", "b.test", "", NOON, timedelta(0)), "→ b.test"),
        (Hop(2, "", "", "", NOON, timedelta(0)), "names no server"),
        (Hop(1, "", "b.test", "", NOON, None), "2026-11-23 12:00:00 UTC"),
    ],
)
def test_a_hop_in_words(shown: Hop, words: str) -> None:
    """How long it took, or plainly why that cannot be said."""
    assert words in travel_lines(Journey((shown,), 1))[-1]


def test_clocks_that_do_not_agree() -> None:
    """No total is made up."""
    first, last = (Hop(n, "a.test", "b.test", "", NOON - timedelta(hours=n), None) for n in (1, 2))
    assert "How long it took cannot be told: their clocks do not agree." in travel_lines(Journey((first, last), 2))[0]
    assert "no Received line can be read" in travel_lines(Journey((hop(1, None, readable=False),), 1))[0]


def test_sixty_hops_stay_readable() -> None:
    """The ends and what stands out have a line each; of the rest it says how many, and that they were quick."""
    slow = {20: 4000.0, 30: -50.0}
    lines = travel_lines(Journey(tuple(hop(n, slow.get(n, 1)) for n in range(1, 61)), 75))
    assert len(lines) < 20
    assert lines[0].startswith("How it travelled: 75 servers")
    assert lines[1:3] == [
        "  It passed b.test 60 times: it may have gone in circles.",
        "  15 earlier Received lines are not read: there are too many.",
    ]
    numbers = [int(line.split()[0]) for line in lines[3:] if line.split()[0].isdigit()]
    assert numbers == [1, 2, 3, 4, 20, 30, 55, 56, 57, 58, 59, 60]
    assert "     …  15 more, each within a minute" in lines


def test_sixty_slow_hops_stay_readable() -> None:
    """Of many that stand out, those that do most; the rest is not said to be quick."""
    lines = travel_lines(Journey(tuple(hop(n, 100 + n) for n in range(1, 61)), 60))
    assert len(lines) < 25
    assert "     …  40 more" in lines
    assert any(line.startswith("    54  ") for line in lines)
