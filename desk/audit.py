"""The audit log: `note` writes down who did what, by which way, in the transaction of the act itself.

Who acts is said once, where a request, a command, a mail or a timer begins (`acting`), and holds for all that is noted
until it ends; so a rule of the desk notes its act without knowing the way by which it was asked for.

Nothing is noted of a customer's mail that opens a ticket or becomes a note: the ledger says that already, and reading
the log shows it (desk/audit_log.py). Details name fields, amounts and choices of ours, never what somebody wrote, an
address or a secret: whoever is erased leaves numbers here, and nothing else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import insert
from sqlalchemy.orm import Session

from desk.audit_acts import ACTS
from store.tables import Audit, core

if TYPE_CHECKING:
    from desk.writes import Writes
    from store.database import Database

Way = Literal["mail", "page", "api", "cli", "timer"]
WAYS: tuple[Way, ...] = ("mail", "page", "api", "cli", "timer")


@dataclass(frozen=True, slots=True)
class Origin:
    """Who acts, and by which way."""

    way: Way
    staff_id: int | None = None
    contact_id: int | None = None
    operator: str = ""  # the user of this machine, on the command line; the name of a timer
    via: str = ""  # the session or the token
    received_id: int | None = None
    peer: str = ""


ITSELF = Origin("timer")  # the desk itself
_origin: ContextVar[Origin] = ContextVar("origin", default=ITSELF)


@contextmanager
def acting(origin: Origin) -> Iterator[None]:
    """Whatever is noted inside was done by them."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def origin() -> Origin:
    """Who acts at this moment."""
    return _origin.get()


def note(
    target: "Session | Writes",
    act: str,
    kind: str = "",
    object_id: int | None = None,
    *,
    event_id: int | None = None,
    who: tuple[int | None, int | None] | None = None,
    **details: Any,
) -> None:
    """Write an act down: at once through a session, or with all else that is collected.

    `who`, a member of staff and a contact by their ids, is for a request that nobody had signed in for: whoever signs
    in is known when it has been done.
    """
    if act not in ACTS:
        raise ValueError(f"the audit log has no word {act!r}")
    by = _origin.get()
    staff_id, contact_id = who if who is not None else (by.staff_id, by.contact_id)
    values = {
        "at": datetime.now(UTC),
        "way": by.way,
        "staff_id": staff_id,
        "contact_id": contact_id,
        "operator": by.operator[:60],
        "act": act,
        "kind": kind,
        "object_id": object_id,
        "event_id": event_id,
        "details": {name: value for name, value in details.items() if value not in (None, "", [], ())},
        "via": by.via[:40],
        "received_id": by.received_id,
        "peer": by.peer[:45],
    }
    if isinstance(target, Session):
        target.execute(insert(core(Audit)), [{"id": target.info["next_id"](), **values}])
    else:
        target.add(Audit, id=target.next_id(), **values)


def alone(database: "Database", act: str, kind: str = "", object_id: int | None = None, **details: Any) -> None:
    """An act that has no rows of its own, such as a download or a key in a file: a transaction for the note."""
    with database.transaction() as session:
        note(session, act, kind, object_id, **details)
