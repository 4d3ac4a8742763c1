"""Held mail on the command line: listed with reasons and commands, and decided mail by mail, one line each."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import select
from typer.testing import CliRunner

from desk.held_reasons import REASONS
from gateway.envelope import Envelope
from postdesk import cli_held, cli_mail, replaying  # noqa: F401 - cli_mail adds its commands
from postdesk.cli import app
from postdesk.wiring import House
from store.tables import Disposition, Event, ReceivedMail, Tally, Ticket

AUTHSERV = "mx.desk.test"


@pytest.fixture
def config(config: Path) -> Path:
    """The sample desk, behind a relay that checks senders."""
    with config.open("a") as file:
        file.write(f'\n[sender]\ntrusted_authserv_ids = ["{AUTHSERV}"]\n')
    return config


def held(house: House, *subjects: str, automatic: bool = False) -> list[int]:
    """Mails that are held; their ids."""
    spool = house.spool()
    mark = "Auto-Submitted: auto-replied" if automatic else f"Authentication-Results: {AUTHSERV}; dmarc=fail"
    ids = []
    for subject in subjects:
        raw = (
            f"{mark}\r\nFrom: Eve <eve@elsewhere.test>\r\nTo: service@desk.test\r\nSubject: {subject}\r\n\r\nHello.\r\n"
        )
        ids.append(spool.accept(Envelope("relay@sample.test", ("service@desk.test",), "smtp"), raw.encode()))
    spool.close()
    intake = house.intake()
    while intake.drain_once():
        pass
    return ids


def opened(house: House) -> str:
    """The number of a ticket that is there."""
    spool = house.spool()
    spool.accept(
        Envelope("relay@sample.test", ("service@desk.test",), "smtp"),
        b"From: ann@customer.test\r\nSubject: Phones\r\n\r\nHi\r\n",
    )
    spool.close()
    house.intake().drain_once()
    with house.database.reading() as session:
        return session.scalars(select(Ticket.number)).first() or ""


def run(config: Path, *words: object, answer: str = "") -> Result:
    """A command of `postdesk mail`."""
    return CliRunner().invoke(app, ["--config", str(config), "mail", *map(str, words)], input=answer)


def said(done: Result, code: int = 0) -> list[str]:
    """Its lines, when its exit code is right."""
    assert done.exit_code == code, done.output
    return [line for line in done.output.splitlines() if line.strip()]


@contextmanager
def worker(house: House) -> Iterator[None]:
    """Somebody who handles mail meanwhile, as `postdesk serve` would."""
    over, intake = threading.Event(), house.intake()

    def work() -> None:
        while not over.wait(0.02):
            intake.drain_once()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def kinds(house: House, ids: list[int]) -> list[str]:
    """What became of mails."""
    with house.database.reading() as session:
        return [session.get_one(Disposition, mail_id).rule for mail_id in ids]


def ledger(house: House) -> dict[str, int]:
    """The counts of the ledger that are not 0."""
    with house.database.reading() as session:
        return {row.name: row.value for row in session.scalars(select(Tally)) if row.value}


def test_nothing_waits(house: House, config: Path) -> None:
    """It says so, and as JSON it is empty."""
    assert said(run(config, "held")) == ["No mail waits for you."]
    assert said(run(config, "held", "--all")) == ["No mail waits for you."]
    assert said(run(config, "held", "--rule", "flood")) == ["No mail waits for this reason."]
    assert said(run(config, "held", "--json")) == []


def test_one_mail_with_its_reason_and_commands(house: House, config: Path) -> None:
    """Who, what, why, what may be behind it, and the very commands, which can be pasted."""
    (mail_id,) = held(house, "New bank account")
    text = " ".join(run(config, "held").output.split())
    for words in (
        "1 mail waits for you.",
        f"Mail {mail_id}, ",
        "From: eve@elsewhere.test",
        "Subject: New bank account",
        "Why: The sender may be forged. DMARC failed",
        REASONS["sender-failed"].behind,
        f"To put it away, unless you expected the mail: postdesk --config {config} mail discard {mail_id}",
        f"mail accept {mail_id}",
        f"mail attach {mail_id} NUMBER",
    ):
        assert words in text


def test_the_one_ticket_that_a_mail_names_is_filled_in(house: House, config: Path) -> None:
    """Nobody has to look it up to attach the mail."""
    number = opened(house)
    (mail_id,) = held(house, f"Re: [{number}] Phones")
    assert f"mail attach {mail_id} {number}" in run(config, "held").output


def test_many_mails_of_one_reason_are_a_group(house: House, config: Path) -> None:
    """Two hundred take no more room than ten; --all shows each, up to the limit, oldest first."""
    (other,) = held(house, "Away", automatic=True)
    ids = held(house, *(f"No {n}" for n in range(200)))
    lines = said(run(config, "held"))
    assert lines[0] == "201 mails wait for you, oldest first."
    assert lines[1].startswith(f"Mail {other}, ")
    assert "200 mails (rule sender-failed)" in lines
    assert len(lines) < 40
    text = "\n".join(lines)
    assert f"197 more. To see them: postdesk --config {config} mail held --rule sender-failed --all" in text
    assert f"mail discard {ids[0]}\n" in text
    assert "mail discard --rule sender-failed\n" in text
    assert "mail attach --rule sender-failed --to NUMBER" in text
    assert "--limit" not in text

    each = said(run(config, "held", "--all", "--limit", 3))
    shown = [int(line.split()[1].rstrip(",")) for line in each if line.startswith("Mail ")]
    assert shown == [other, *ids[:2]]
    assert each[-1] == "Shown are the oldest 3 of 201; --limit shows more."
    only = said(run(config, "held", "--rule", "automatic-alone"))
    assert only[0] == "1 mail waits for this reason."
    assert len(only) < 15


def test_four_of_a_reason_are_all_shown(house: House, config: Path) -> None:
    """ "and 1 more" would take as much room as the mail."""
    held(house, "A", "B", "C", "D")
    text = run(config, "held").output
    assert "more. To see them" not in text
    assert "  D" in text


def test_json_has_a_line_for_each(house: House, config: Path) -> None:
    """With the reason in words and the commands, for programs that build a page of it."""
    ids = held(house, "A", "B", "C")
    done = run(config, "held", "--json", "--limit", 2)
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["id"], second["id"]) == (ids[0], ids[1])
    assert (first["from"], first["subject"], first["rule"]) == ("eve@elsewhere.test", "A", "sender-failed")
    assert first["recommended"] == first["actions"][0]["action"] == "discard"
    assert first["actions"][0]["command"].endswith(f"mail discard {ids[0]}")
    assert first["behind"] == REASONS["sender-failed"].behind
    assert done.stderr.strip() == "Shown are the oldest 2 of 3; --limit shows more."


def test_accept_several(house: House, config: Path) -> None:
    """A line for each with its new ticket; one named twice is done once."""
    ids = held(house, "A", "B")
    with worker(house):
        lines = said(run(config, "accept", *ids, ids[0]))
    with house.database.reading() as session:
        numbers = set(session.scalars(select(Ticket.number)))
    assert len(numbers) == len(lines) == 2
    assert {line.partition(" is now ticket ")[2].rstrip(".") for line in lines} == numbers
    assert ledger(house) == {"accepted": 2, "opened": 2}


@pytest.mark.parametrize("form", ["{ids} {number}", "{ids} [{number}]", "--to {lower} {ids}"])
def test_attach_several(house: House, config: Path, form: str) -> None:
    """The ticket is the last word, as it stands in a subject or plain, or an option."""
    number = opened(house)
    ids = held(house, "A", "B")
    words = form.format(ids=" ".join(map(str, ids)), number=number, lower=number.lower()).split()
    with worker(house):
        lines = said(run(config, "attach", *words))
    assert sorted(lines) == [f"Mail {mail_id} is now on ticket {number}." for mail_id in sorted(ids)]
    with house.database.reading() as session:
        assert len(session.scalars(select(Event).where(Event.received_id.in_(ids))).all()) == 2


def test_discard_and_take_up_again(house: House, config: Path) -> None:
    """It waits no longer, the reason is kept without what a terminal would obey, and accept takes it up."""
    ids = held(house, "A", "B")
    lines = said(run(config, "discard", *ids, "--why", "spam\x1b[31m"))
    assert lines == [
        *(f"Mail {i} is put away." for i in ids),
        f"To take one up again: postdesk --config {config} mail accept ID",
    ]
    assert said(run(config, "held")) == ["No mail waits for you."]
    assert ledger(house) == {"accepted": 2, "ignored": 2}
    with house.database.reading() as session:
        reason = session.get_one(Disposition, ids[0]).reason
    assert reason == f"Discarded by {replaying.whoami()}: spam [31m."
    with worker(house):
        said(run(config, "accept", ids[0]))
    assert ledger(house) == {"accepted": 2, "ignored": 1, "opened": 1}


def test_each_mail_that_cannot_be_decided_gets_a_sentence(house: House, config: Path) -> None:
    """The others are done all the same; 65 for a mail that is not held, 66 when there is no such mail."""
    first, second = held(house, "A", "B")
    said(run(config, "discard", first))
    lines = said(run(config, "discard", first, 10**30, second), 65)
    assert lines[0].startswith(f"Mail {first} is not held: it was discarded at ")
    assert lines[1:] == [f"There is no mail {10**30}.", f"Mail {second} is put away."]
    assert said(run(config, "discard", 7, 8), 66) == ["There is no mail 7.", "There is no mail 8."]
    assert said(run(config, "accept", 7), 66) == ["There is no mail 7."]


def test_nobody_at_work(house: House, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision is kept until somebody handles mail, and said again it is not made again."""
    monkeypatch.setattr(replaying, "SECONDS", 0.0)
    (mail_id,) = held(house, "A")
    lines = said(run(config, "accept", mail_id))
    assert lines == [
        f"Mail {mail_id} is decided, and waits to be handled.",
        f"Is Postdesk running? Start it with: postdesk --config {config} serve",
    ]
    (line,) = said(run(config, "discard", mail_id), 65)
    assert line == f"Mail {mail_id} is not held: somebody decided about it, and it is waiting to be handled already."
    house.intake().drain_once()
    assert kinds(house, [mail_id]) == ["by-hand"]


def test_a_mail_that_is_held_again_is_not_called_done(house: House, config: Path) -> None:
    """A ticket that is gone by the time it is handled: the line says so, and so does the exit code."""
    (mail_id,) = held(house, "A")
    with worker(house):
        (result,) = replaying.decide(house, [mail_id], "T20990101.0001")
    assert (result.state, result.words) == (
        "refused",
        f"Mail {mail_id} is held again: A person wanted it on T20990101.0001, which is no ticket here.",
    )


def test_all_of_one_reason(house: House, config: Path) -> None:
    """Only once the person says yes, and nothing of another reason."""
    (other,) = held(house, "Away", automatic=True)
    ids = held(house, "A", "B", "C")
    for answer, code, words in (
        ("n\n", 1, "Nothing was changed."),
        ("", 64, "Nothing was changed. To do it without being asked, add --yes."),
    ):
        lines = said(run(config, "discard", "--rule", "sender-failed", answer=answer), code)
        assert lines[0].startswith("Put 3 mails away? [y/N]")
        assert lines[-1].endswith(words)
    assert set(kinds(house, ids)) == {"sender-failed"}
    said(run(config, "discard", "--rule", "sender-failed", answer="y\n"))
    assert set(kinds(house, ids)) == {"discarded"}
    assert kinds(house, [other]) == ["automatic-alone"]
    assert said(run(config, "accept", "--rule", "sender-failed", "--yes")) == ["No mail waits for this reason."]
    with worker(house):
        (line,) = said(run(config, "accept", "--rule", "automatic-alone", "--yes"))
    assert line.startswith(f"Mail {other} is now ticket T")


@pytest.mark.parametrize(
    "words, code, answer",
    [
        ("discard", 64, "Name the ids of mails, or --rule and a reason"),
        ("discard 7 --rule flood", 64, "Name the ids of mails, or --rule and a reason"),
        ("discard --rule none", 64, "There is no rule 'none' that holds mail. Choose from: automatic-alone, "),
        ("held --rule none", 64, "There is no rule 'none' that holds mail."),
        ("attach", 64, "Name the ticket, for example: "),
        ("attach 7", 64, "Name the ticket, for example: "),
        ("attach 7 NUMBER", 64, "Name the ticket, for example: "),
        ("attach T20990101.0001", 66, "There is no ticket T20990101.0001."),
        ("attach x T20990101.0001", 64, "“x” is neither the id of a mail nor, as the last word, the number"),
        ("attach 7 --to T20990101.0001", 66, "There is no ticket T20990101.0001."),
    ],
)
def test_what_cannot_be_meant(house: House, config: Path, words: str, code: int, answer: str) -> None:
    """A sentence and an exit code, before anything is changed."""
    (mail_id,) = held(house, "A")
    assert any(line.startswith(answer) for line in said(run(config, *words.split()), code))
    assert kinds(house, [mail_id]) == ["sender-failed"]


def test_who_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever became root to do it is still themself."""
    monkeypatch.setenv("SUDO_USER", "sam")
    assert replaying.whoami() == "sam"
    monkeypatch.delenv("SUDO_USER")
    assert replaying.whoami()


def test_replay_keeps_who_it_was(house: House, config: Path) -> None:
    """As the other commands do."""
    (mail_id,) = held(house, "A")
    with worker(house):
        assert run(config, "replay", mail_id).exit_code == 0
    with house.database.reading() as session:
        (past,) = session.get_one(ReceivedMail, mail_id).earlier
    assert past["by"] == replaying.whoami()
    assert cli_held.program() in ("postdesk", f"postdesk --config {config}")
