"""`postdesk deliver`: 0 only when the mail is durable; else the code that makes a mail server do the right thing."""

import io
from pathlib import Path

import pytest
import typer
from sqlalchemy import select, text

from gateway.claimed import load
from gateway.spool import INLINE
from postdesk.delivering import deliver_stdin
from postdesk.settings import load as load_settings
from postdesk.wiring import House
from store.tables import ReceivedMail

MAIL = b"From: ann@customer.test\r\nSubject: Printer\r\n\r\nIt burns.\r\n"


def deliver(
    house: House,
    raw: bytes,
    to: list[str] | None = None,
    sender: str | None = None,
    environment: dict[str, str] | None = None,
) -> int:
    """The exit code."""
    return deliver_stdin(lambda: house, to, sender, environment or {}, io.BytesIO(raw))


def kept(house: House) -> list[tuple[bytes, str, tuple[str, ...]]]:
    """Bytes, reverse path and recipients of what is there."""
    with house.database.reading() as session:
        ids = session.scalars(select(ReceivedMail.id)).all()
        return [(m.raw, m.envelope.reverse_path, m.envelope.recipients) for m in load(session, house.blobs, ids)]


def test_a_mail_is_kept(house: House) -> None:
    """Byte for byte, with the envelope of the command line, and it is a mail from a pipe."""
    assert deliver(house, MAIL, ["service@desk.test"], "<ann@customer.test>") == 0
    assert kept(house) == [(MAIL, "ann@customer.test", ("service@desk.test",))]
    with house.database.reading() as session:
        assert session.scalars(select(ReceivedMail.source)).all() == ["pipe"]


@pytest.mark.parametrize("raw", [b"", b"\r\n\n", b"From ann@customer.test Thu Nov 26 12:00:00 2026\n"])
def test_nothing_is_no_mail(house: House, raw: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe that brings nothing makes no ticket; what calls us hears that something is wrong."""
    assert deliver(house, raw, ["service@desk.test"], "ann@customer.test") == 65
    assert capsys.readouterr().err == "There is no mail on standard input: nothing was kept.\n"
    assert kept(house) == []


@pytest.mark.parametrize(
    "environment, path, recipients",
    [
        ({"SENDER": "a@b.test", "RECIPIENT": "service@desk.test"}, "a@b.test", ("service@desk.test",)),
        (
            {"ORIGINAL_RECIPIENT": "service+incident@desk.test", "RECIPIENT": "x@y.test"},
            "ann@customer.test",  # the server says nothing of it: the mail does
            ("service+incident@desk.test",),
        ),
        ({"SENDER": ""}, "", ()),
        ({"SENDER": "MAILER-DAEMON"}, "", ()),
        ({}, "ann@customer.test", ()),
    ],
)
def test_the_envelope_of_the_mail_server(
    house: House, environment: dict[str, str], path: str, recipients: tuple[str, ...]
) -> None:
    """As Postfix and Exim put it into the environment."""
    assert deliver(house, MAIL, environment=environment) == 0
    assert kept(house) == [(MAIL, path, recipients)]


@pytest.mark.parametrize("size", [INLINE - 1, INLINE, INLINE + 1, 3 * INLINE])
def test_sizes(house: House, size: int) -> None:
    """In the database or in the blob store: the same bytes."""
    raw = MAIL + b"x" * (size - len(MAIL))
    assert deliver(house, raw) == 0
    assert kept(house)[0][0] == raw


@pytest.mark.parametrize("line", [b"From ann@customer.test Mon Nov 23 12:00:00 2026\n", b">From ann Mon\n"])
def test_the_line_of_an_mbox_is_no_part_of_the_mail(house: House, line: bytes) -> None:
    """procmail puts it first."""
    deliver(house, line + MAIL)
    assert kept(house)[0][0] == MAIL


@pytest.mark.parametrize(
    "to, code", [(["nobody@desk.test"], 67), (["service"], 65), (["service@desk.test", "x@y.test"], 67)]
)
def test_addresses_that_are_not_ours(house: House, to: list[str], code: int) -> None:
    """EX_NOUSER, EX_DATAERR; nothing is kept, also not for the others."""
    assert deliver(house, MAIL, to) == code
    assert kept(house) == []


def test_too_large(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """EX_DATAERR and a sentence; no half blob stays."""
    house = House(load_settings(config, {"POSTDESK_MAIL__MAX_MB": "0.5"}))
    assert deliver(house, b"x" * (600 * 1024)) == 65
    assert "larger than this server takes" in capsys.readouterr().err
    assert [path for path in house.blobs.root.rglob("*") if path.is_file()] == []
    house.database.close()


def test_whatever_goes_wrong_with_us_is_75(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """EX_TEMPFAIL: the mail server tries again. No path and no statement is told."""
    with house.database.transaction() as session:
        session.execute(text("ALTER TABLE raw_mail RENAME TO away"))
    assert deliver(house, MAIL) == 75
    assert capsys.readouterr().err.endswith("451 4.3.0 The mail could not be stored, try again later\n")

    def broken() -> House:
        raise typer.Exit(78)

    def worse() -> House:
        raise RuntimeError("/secret/path")

    assert deliver_stdin(broken, None, None, {}, io.BytesIO(MAIL)) == 75
    assert deliver_stdin(worse, None, None, {}, io.BytesIO(MAIL)) == 75
    assert capsys.readouterr().err == "The mail was not taken: RuntimeError. It can be delivered again later.\n"


def test_a_full_disk(config: Path) -> None:
    """Below the reserve: try again later."""
    house = House(load_settings(config, {"POSTDESK_BLOBS__RESERVE_MB": str(1 << 40)}))
    assert deliver(house, MAIL) == 75
    assert kept(house) == []
    house.database.close()
