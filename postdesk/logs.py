"""Logging: one line for each thing that happened, for people or for machines; nobody's words, names or addresses."""

import logging
import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError

from gateway.errors import Error
from gateway.outage import one_line
from postdesk.settings_model import Log

ADDRESS = "[address]"
# One pass over the text: a run of these is looked at once, whatever stands in it. The quoted form of a local part
# (RFC 5322 section 3.4.1) holds spaces, and belongs to the address behind it.
_RUN = re.compile(r'(?:"[^"\n]*"(?=@))?[^\s<>"(),;\[\]{}]+')
_CHATTY = ("alembic", "apscheduler", "asyncio", "flufl.bounce", "httpcore", "httpx", "mailparser", "uvicorn")
_HERE = Path(__file__).resolve().parents[1]
_OURS = tuple(f"{_HERE / name}/" for name in ("desk", "gateway", "portal", "postdesk", "store"))
_MAX_CAUSES = 5  # exceptions of a chain that are written

Event = structlog.typing.EventDict


def set_up(log: Log) -> None:
    """Send structlog and the standard library's logging to standard error, in one form."""
    level = getattr(logging, log.level.upper())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _Exceptions(with_texts=log.level == "debug"),
        _clean,
    ]
    renderer: structlog.typing.Processor
    if log.format == "json":
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=[_record, *shared]))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd logs each command


def redacted(text: str) -> str:
    """A text without mail addresses. The last line of defence: what is logged should not hold any."""
    if "@" not in text and "%40" not in text:
        return text
    return _RUN.sub(lambda run: ADDRESS if _is_address(run[0]) else run[0], text)


def _is_address(run: str) -> bool:
    # "@property" is a line of a traceback: an address has something before its "@".
    return "@" in run[1:] or "%40" in run


def _record(_logger: object, _name: str, event: Event) -> Event:
    """A line of another library: which one it is."""
    if isinstance(record := event.get("_record"), logging.LogRecord):
        event["logger"] = record.name
    return event


def _clean(_logger: object, _name: str, event: Event) -> Event:
    """No addresses in any value, and no control characters: those could forge a log line."""
    for key, value in event.items():
        if isinstance(value, str):
            if "@" in value or "%40" in value:
                event[key] = value = redacted(value)
            if not value.isprintable() and key != "exception":
                event[key] = value.encode("unicode_escape").decode("ascii")
        elif isinstance(value, list | tuple | set | dict) and key[0] != "_":
            event[key] = _cleaned(value)
    return event


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {redacted(str(key)): _cleaned(inner) for key, inner in value.items()}
    return [_cleaned(inner) for inner in value] if isinstance(value, list | tuple | set) else value


class _Exceptions:
    """Writes the traceback of an exception: where it came from, and of its text what cannot quote a mail."""

    def __init__(self, *, with_texts: bool) -> None:
        self._with_texts = with_texts

    def __call__(self, _logger: object, _name: str, event: Event) -> Event:
        found = event.pop("exc_info", None)
        if found is True:
            found = sys.exc_info()
        error = found[1] if isinstance(found, tuple) else found
        if isinstance(error, BaseException):
            lines = self._lines(error)
            event["exception"] = "".join("".join(c if c.isprintable() else " " for c in line) + "\n" for line in lines)
            event["exception"] = event["exception"].rstrip("\n")
        return event

    def _lines(self, error: BaseException) -> list[str]:
        """The last exception first, as whoever reads a log wants it, then what it came from."""
        lines: list[str] = []
        seen: set[int] = set()
        at: BaseException | None = error
        while at is not None and id(at) not in seen and len(seen) < _MAX_CAUSES:
            lines += ["caused by:"] if seen else []
            seen.add(id(at))
            lines.append(self._said(at))
            frames = _frames(at)
            lines += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
            at = None if isinstance(at, DBAPIError) and at.__cause__ is at.orig else _cause(at)
        return lines

    def _said(self, error: BaseException) -> str:
        """Its kind, and its text where that is of the machine, or where somebody looks for a fault (level debug)."""
        of_machine = isinstance(error, DBAPIError | OSError | Error) and type(error).__module__ != "smtplib"
        if of_machine:  # what a server said over SMTP is an OSError too
            return one_line(error)  # the second line of a database's text may quote the row
        return f"{type(error).__name__}: {error}" if self._with_texts and str(error) else type(error).__name__


def _frames(error: BaseException) -> Sequence[traceback.FrameSummary]:
    """Where it came from. Of a fault of the database as far as our own code: it is told by many parts at a time."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [number for number, frame in enumerate(frames, 1) if frame.filename.startswith(_OURS)]
    return frames[: ours[-1]] if ours and isinstance(error, DBAPIError) else frames


def _cause(error: BaseException) -> BaseException | None:
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)
