"""Logs: one line for each thing, in text or JSON; control characters cannot forge a line."""

import json
import logging
import smtplib

import pytest
import structlog
from sqlalchemy.exc import IntegrityError, OperationalError

from postdesk.logs import ADDRESS, redacted, set_up
from postdesk.settings_model import Log
from store.database import Database


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was written to standard error."""
    return capsys.readouterr().err.splitlines()


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line, from structlog and from the standard library alike, exceptions included."""
    set_up(Log(level="info", format="json"))
    structlog.get_logger("a").info("kept", mail=5)
    logging.getLogger("b").warning("slow: %s", "x")
    try:
        _ = 1 / 0
    except ZeroDivisionError as error:
        structlog.get_logger("a").error("failed", exc_info=error)
    first, second, third = (json.loads(line) for line in lines(capsys))
    assert (first["event"], first["mail"], first["level"]) == ("kept", 5, "info")
    assert (second["event"], second["level"]) == ("slow: x", "warning")
    assert "ZeroDivisionError" in third["exception"]
    assert all(each["timestamp"].endswith("Z") for each in (first, second, third))


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_value_forges_no_line(capsys: pytest.CaptureFixture[str], form: str) -> None:
    """CR, LF, ESC, bidi marks and line separators of a mail are shown, not done."""
    set_up(Log(level="info", format=form))  # type: ignore[arg-type]
    evil = "a\r\nlevel=error forged\x1b[31m\u2028\u202e\x85"
    structlog.get_logger().info("kept", subject=evil)
    logging.getLogger("x").warning("kept %s", evil)
    found = lines(capsys)
    assert len(found) == 2
    for line in found:
        assert "forged" in line
        assert line.isprintable()


def test_level(capsys: pytest.CaptureFixture[str]) -> None:
    """Below it nothing is written."""
    set_up(Log(level="warning", format="text"))
    structlog.get_logger().info("quiet")
    logging.getLogger("x").info("quiet")
    structlog.get_logger().warning("loud")
    (line,) = lines(capsys)
    assert "loud" in line


def test_the_bounce_detectors_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """flufl.bounce names each of its forty detectors at info, for each mail."""
    set_up(Log(level="info", format="text"))
    logging.getLogger("flufl.bounce").info("Running detector: %s", "x")
    assert lines(capsys) == []


@pytest.mark.parametrize("form", ["text", "json"])
def test_addresses_are_taken_out(capsys: pytest.CaptureFixture[str], form: str) -> None:
    """Of values, of lists and tables in them, of messages of other libraries, and of exceptions."""
    set_up(Log(level="info", format=form))  # type: ignore[arg-type]
    values = ["to jane@customer.test now", {"jane@customer.test": ("<jane@customer.test>",)}]
    structlog.get_logger().info("kept", a="rcpt=jane@customer.test", b=values, c=5)
    logging.getLogger("library").warning("550 %s: no", "jane@customer.test")
    try:
        raise ConnectionError("refused <jane@customer.test>")
    except ConnectionError as error:
        structlog.get_logger().error("failed", exc_info=error)
    text = capsys.readouterr().err
    assert "jane" not in text
    assert "customer" not in text
    assert text.count(ADDRESS) == 6
    assert "ConnectionError: refused <[address]>" in text


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("jane@customer.test", ADDRESS),
        ("a jane+x@customer.test, b", f"a {ADDRESS}, b"),
        ('"Jane Doe"@customer.test', ADDRESS),
        ("<O'Neil@customer.test>", f"<{ADDRESS}>"),
        ("mailto:jane@customer.test?x=1", ADDRESS),
        ("imap://jane%40customer.test/INBOX", ADDRESS),
        ("jäne@müller.test", ADDRESS),
        ("@property", "@property"),
        ("postgresql://user:pw@host/name", ADDRESS),
        ("nothing here", "nothing here"),
    ],
)
def test_what_counts_as_an_address(text: str, wanted: str) -> None:
    """Whatever has an “@” with something before it; a decorator in a traceback has not."""
    assert redacted(text) == wanted


@pytest.mark.parametrize("part", ["a", '"', '"@', "@", "a@", '"a', "(", "%40"])
def test_hostile_text_takes_no_longer(part: str) -> None:
    """A text of a megabyte is looked at once: its length is all that counts."""
    assert "x@y" not in redacted(part * 1_000_000 + " x@y.test")


def test_the_text_of_an_exception_may_quote_a_mail(capsys: pytest.CaptureFixture[str]) -> None:
    """It stays out, with that of what caused it; the places in the code and the words of the machine are there."""
    set_up(Log(level="info", format="json"))
    try:
        try:
            raise KeyError("Jane Doe")
        except KeyError:
            raise ValueError("Subject: Secret") from OSError(28, "No space left on device")
    except ValueError as error:
        structlog.get_logger().error("failed", exc_info=error)
    (line,) = (json.loads(line) for line in lines(capsys))
    first, *others = line["exception"].splitlines()
    assert first == "ValueError"
    assert any("test_logs.py" in other and "in test_the_text" in other for other in others)
    assert "OSError: [Errno 28] No space left on device" in others
    assert "Jane" not in line["exception"]
    assert "Secret" not in line["exception"]


def test_a_unique_value_of_the_database_stays_out(capsys: pytest.CaptureFixture[str]) -> None:
    """The second line of PostgreSQL's text quotes the row."""
    set_up(Log(level="info", format="json"))
    told = Exception('duplicate key value violates "uq_x"\nDETAIL:  Key (name)=(Jane Doe) already exists.')
    structlog.get_logger().error("failed", exc_info=IntegrityError("INSERT", {}, told))
    (line,) = (json.loads(line) for line in lines(capsys))
    assert line["exception"] == 'IntegrityError: duplicate key value violates "uq_x"'


def test_a_database_that_is_away_fills_no_screen(capsys: pytest.CaptureFixture[str]) -> None:
    """Where in our code it was asked, and what it said: not the ways inside the driver."""
    set_up(Log(level="info", format="json"))
    base = Database("postgresql+psycopg://desk:sample@127.0.0.1:9/desk")
    try:
        base.check()
    except OperationalError as error:
        structlog.get_logger().error("failed", exc_info=error)
    (line,) = (json.loads(line) for line in lines(capsys))
    first, *places = line["exception"].splitlines()
    assert first.startswith("OperationalError: connection failed")
    assert "store/database.py" in places[-1]
    assert not any("sqlalchemy" in place or "psycopg" in place for place in places)
    assert len(line["exception"]) < 1000


def test_a_server_s_words_stay_out(capsys: pytest.CaptureFixture[str]) -> None:
    """What a server said over SMTP may quote the letter."""
    set_up(Log(level="info", format="json"))
    structlog.get_logger().error("failed", exc_info=smtplib.SMTPDataError(550, b"Jane Doe is not here"))
    (line,) = (json.loads(line) for line in lines(capsys))
    assert line["exception"] == "SMTPDataError"


def test_whoever_looks_for_a_fault_sees_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    """At level debug; addresses are taken out there too."""
    set_up(Log(level="debug", format="json"))
    structlog.get_logger().error("failed", exc_info=ValueError("no such word: blue jane@customer.test"))
    (line,) = (json.loads(line) for line in lines(capsys))
    assert line["exception"] == f"ValueError: no such word: blue {ADDRESS}"


def test_what_is_bound_is_in_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The mail that is being handled is named by whatever is logged meanwhile, and no longer."""
    set_up(Log(level="info", format="json"))
    with structlog.contextvars.bound_contextvars(mail=7):
        structlog.get_logger().info("inside")
        logging.getLogger("library").warning("inside too")
    structlog.get_logger().info("outside")
    assert [json.loads(line).get("mail") for line in lines(capsys)] == [7, 7, None]
