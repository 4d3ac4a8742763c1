"""Logging: one line for each thing that happened, for people or for machines; never bodies or secrets."""

import logging
import sys

import structlog

from postdesk.settings_model import Log


def set_up(log: Log) -> None:
    """Send structlog and the standard library's logging to standard error, in one form."""
    level = getattr(logging, log.level.upper())
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _escape,
    ]
    renderer: structlog.typing.Processor
    if log.format == "json":
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in ("alembic", "apscheduler", "flufl.bounce", "uvicorn", "mailparser"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd logs each command


def _escape(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Control characters in a value could forge a log line."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable() and key not in ("exception", "exc_info"):
            event[key] = value.encode("unicode_escape").decode("ascii")
    return event
