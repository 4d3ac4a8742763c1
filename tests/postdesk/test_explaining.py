"""`postdesk explain` and dry runs: the decision with its evidence, and nothing is changed."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from desk.held import release
from gateway.envelope import Envelope
from postdesk import cli_mail  # noqa: F401 - adds its commands
from postdesk.cli import app
from postdesk.explaining import Explainer, as_json, as_text, save_files, unsaved
from postdesk.replaying import wish_of
from postdesk.wiring import House
from store.tables import Disposition, ReceivedMail, Ticket

FIRST = (
    b"From: Ann <ann@customer.test>\r\nTo: service@desk.test\r\nSubject: Printer\r\n"
    b"Message-ID: <1@customer.test>\r\n\r\nIt burns."
)


def first(house: House) -> str:
    """Ann's mail becomes a ticket; its number."""
    spool = house.spool()
    spool.accept(Envelope("ann@customer.test", ("service@desk.test",), "smtp"), FIRST)
    spool.close()
    house.intake().drain_once()
    with house.database.reading() as session:
        return session.scalars(select(Ticket.number)).one()


def test_why_here(house: House) -> None:
    """The evidence piece by piece, for people and for machines; no row is written."""
    number = first(house)
    head = f"From: ann@customer.test\r\nSubject: Re: [{number}] T20261101.9999\r\nIn-Reply-To: <1@customer.test>\r\n"
    raw = f"{head}\r\nStill.\r\n"
    explained = Explainer(house).raw(raw.encode())
    text = as_text("a.eml", explained)
    for words in (
        f"noted on {number} (rule E3-note)",
        f"E3 {number} by <1@customer.test>: participant, thread → note",
        f"E4 {number} by {number}: participant, number → unverified",
        "T20261101.9999 is no ticket here",
        "Still.",
    ):
        assert words in text
    told = as_json("a.eml", explained, unsaved(explained.message))["decision"]
    assert (told["kind"], told["ticket"], len(told["evidence"])) == ("noted", number, 2)
    with house.database.reading() as session:
        assert len(session.scalars(select(ReceivedMail)).all()) == len(session.scalars(select(Ticket)).all()) == 1


def test_a_mail_that_came_in(house: House) -> None:
    """What it would become now; None for an id that is not there."""
    first(house)
    with house.database.reading() as session:
        mail_id = session.scalars(select(ReceivedMail.id)).one()
    explained = Explainer(house).received(mail_id)
    assert explained is not None
    assert explained.decision is not None
    assert explained.decision.kind in ("opened", "noted")
    assert Explainer(house).received(0) is None


def test_without_a_desk() -> None:
    """A mail can be read; only the decision is missing."""
    explained = Explainer(None).raw(FIRST)
    assert explained.decision is None
    assert "Printer" in as_text("a.eml", explained)
    assert "decision" not in as_json("a.eml", explained, [])
    assert Explainer(None).received(1) is None


def test_files_are_saved_under_names_that_cannot_collide(tmp_path: Path) -> None:
    """Two of the same name, one with a path in it: all below the folder."""
    part = b'--b\r\nContent-Disposition: attachment; filename="../../a.txt"\r\n\r\nwords\r\n'
    raw = b'From: a@b.test\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n' + part * 2 + b"--b--"
    message = Explainer(None).raw(raw).message
    saved = save_files(message, tmp_path / "out", "0-mail")
    assert len(set(saved)) == 2
    assert sorted(str(path) for path in (tmp_path / "out").iterdir()) == sorted(str(path) for path in saved)


def test_the_command(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One JSON object a line; a file that is not there is told, and the exit code says so."""
    monkeypatch.delenv("POSTDESK_CONFIG", raising=False)
    good = tmp_path / "good.eml"
    good.write_bytes(FIRST)
    done = CliRunner().invoke(app, ["--config", str(config), "explain", "--json", str(good)])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["decision"]["kind"] == "opened"
    done = CliRunner().invoke(app, ["--config", str(config), "explain", str(good), str(tmp_path / "none")])
    assert done.exit_code != 0
    assert "No such file" in done.stderr


def held(house: House) -> int:
    """A machine's mail that belongs to no ticket; its id."""
    spool = house.spool()
    raw = FIRST.replace(b"<1@", b"<2@").replace(b"Subject:", b"Auto-Submitted: auto-replied\r\nSubject:")
    mail_id = spool.accept(Envelope("joe@customer.test", ("service@desk.test",), "smtp"), raw)
    spool.close()
    house.intake().drain_once()
    return mail_id


def test_replay_with_a_decision(house: House, config: Path) -> None:
    """--attach and --as-ticket say what it would become, and do it; the desk then handles it so."""
    number, mail_id = first(house), held(house)
    command = ["--config", str(config), "mail", "replay", str(mail_id)]
    for words, becomes in (
        (["--as-ticket"], "opened (rule by-hand)"),
        (["--attach", f"[{number.lower()}]"], f"noted on {number} (rule by-hand)"),
        ([], "held (rule automatic-alone)"),
    ):
        said = CliRunner().invoke(app, [*command, "--dry-run", *words])
        assert f"Would be:    {becomes}" in said.output
    with house.database.transaction() as session:
        release(session, mail_id, wish_of(house, False, number))
    house.intake().drain_once()
    with house.database.reading() as session:
        done = session.get_one(Disposition, mail_id)
        assert (done.kind, done.rule) == ("noted", "by-hand")


def test_replay_with_a_decision_that_cannot_be(house: House, config: Path) -> None:
    """Both options at once, and a ticket that is not there: exit code 64, in words, and the mail stays held."""
    mail_id = held(house)
    command = ["--config", str(config), "mail", "replay", str(mail_id)]
    for words, said in (
        (["--attach", "T20990101.0001"], "There is no ticket T20990101.0001."),
        (["--attach", "T20990101.0001", "--as-ticket"], "Choose one of --as-ticket and --attach."),
    ):
        done = CliRunner().invoke(app, [*command, *words])
        assert done.exit_code == 64
        assert said in done.output
    with house.database.reading() as session:
        assert session.get_one(Disposition, mail_id).kind == "held"


def test_a_doubt_is_said(house: House) -> None:
    """What looks automatic only by its words is shown as such, and as the ticket that it becomes."""
    explained = Explainer(house).raw(FIRST.replace(b"Printer", b"Out of office: Printer"))
    text = as_text("a.eml", explained)
    assert "Automatic:   auto-reply, but only by its words: taken for a person's mail" in text
    assert "Would be:    opened" in text
