"""Cursors: where the next page begins, as text that only we read."""

import base64
import binascii
from datetime import UTC, datetime, timedelta

from portal.api.problems import Problem

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def wrong() -> Problem:
    """What is said of a cursor that is not ours."""
    return Problem(422, "The cursor is not one of ours.", [("cursor", "Take it from “next” of the page before.")])


def written(text: str) -> str:
    """As it stands in an address."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(text: str) -> str:
    """What `written` was given; Problem for anything else."""
    try:
        found = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise wrong() from error
    if not found.isprintable():  # a NUL, which PostgreSQL takes for a fault of ours
        raise wrong()
    return found


def of_moment(at: datetime, row_id: int) -> str:
    """Behind a row of this time and id."""
    return written(f"{(at - EPOCH) // timedelta(microseconds=1)}-{row_id}")


def moment(text: str) -> tuple[datetime, int]:
    """The time and the id; Problem where it names none."""
    at, _, row_id = read(text).rpartition("-")
    if not (row_id.isascii() and row_id.isdigit() and len(row_id) <= 18 and len(at) <= 18):
        raise wrong()
    try:
        return EPOCH + timedelta(microseconds=int(at)), int(row_id)
    except (ValueError, OverflowError) as error:
        raise wrong() from error
