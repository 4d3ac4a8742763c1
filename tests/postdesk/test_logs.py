"""Logs: one line for each thing, in text or JSON; control characters cannot forge a line."""

import json
import logging

import pytest
import structlog

from postdesk.logs import set_up
from postdesk.settings_model import Log


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
