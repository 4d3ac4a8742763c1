"""A line of the audit log as people read it: ids become the names of today, and what is gone keeps its number."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.tables import Account, Audit, Contact, Disposition, Organisation, Site, Staff, Team, Ticket

_TABLES: Mapping[str, Any] = {
    "staff": Staff,
    "contact": Contact,
    "organisation": Organisation,
    "team": Team,
    "site": Site,
}
_PATHS = {"mail": "/desk/mail/{}", "letter": "/desk/mail/letters/{}", "contact": "/people/{}"}
_FOR_PROGRAMS = ("key_id", "proof")  # desk/audit_seal.py
_Named = Mapping[tuple[str, int], str]


@dataclass(frozen=True, slots=True)
class Line:
    """One act, for people and for programs."""

    id: int
    at: datetime
    way: str
    who: str
    act: str
    about: str
    path: str  # of the page about it; "" where there is none
    details: str
    via: str = ""
    peer: str = ""
    received_id: int | None = None
    event_id: int | None = None
    kind: str = ""  # `about` in its parts
    object_id: int | None = None
    name: str = ""

    @property
    def text(self) -> str:
        """As a line of a list."""
        rest = "  ".join(part for part in (self.about, self.details, self.peer) if part)
        return f"{self.at:%Y-%m-%d %H:%M:%S}  {self.way:<5}  {self.who or '-':<24.24}  {self.act:<22}  {rest}".rstrip()

    def as_json(self) -> dict[str, Any]:
        """As an object."""
        names = ("id", "way", "who", "act", "about", "details", "via", "peer", "received_id", "event_id")
        return {"at": self.at.isoformat(), **{name: getattr(self, name) for name in names}}


def lines(session: Session, rows: Sequence[Audit | Disposition]) -> list[Line]:
    """The lines of these rows, with a query for each kind of thing that they name."""
    acts = [row for row in rows if isinstance(row, Audit)]
    named = _names(session, acts, [row for row in rows if isinstance(row, Disposition)])
    return [_act(row, named) if isinstance(row, Audit) else _mail(row, named) for row in rows]


def _act(row: Audit, named: _Named) -> Line:
    who = row.operator
    for kind, person in (("staff", row.staff_id), ("contact", row.contact_id)):
        if person is not None:
            who = named.get((kind, person), f"{kind} {person}")
    about, path = "", ""
    if row.kind and row.object_id is not None:
        known = named.get((row.kind, row.object_id))
        about = known if known and row.kind == "ticket" else " ".join(
            part for part in (f"{row.kind} {row.object_id}", f"({known})" if known else "") if part
        )  # fmt: skip
        path = _PATHS.get(row.kind, "").format(row.object_id)
        path = f"/t/{known}" + (f"#n{row.event_id}" if row.event_id else "") if known and row.kind == "ticket" else path
    details = "; ".join(
        f"{name.replace('_', ' ')}: {_shown(value)}" for name, value in row.details.items() if name not in _FOR_PROGRAMS
    )
    return Line(
        row.id, row.at, row.way, who, row.act, about, path, details, row.via, row.peer, row.received_id, row.event_id,
        row.kind, row.object_id, named.get((row.kind, row.object_id or 0), ""),
    )  # fmt: skip


def _mail(row: Disposition, named: _Named) -> Line:
    number = named.get(("ticket", row.ticket_id or 0), "")
    path = f"/desk/mail/{row.received_id}"
    return Line(
        row.received_id, row.at, "mail", row.sender, f"mail.{row.kind}", number or f"mail {row.received_id}", path, "",
        received_id=row.received_id, kind="ticket" if number else "mail",
        object_id=row.ticket_id if number else row.received_id, name=number,
    )  # fmt: skip


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _names(session: Session, acts: Sequence[Audit], mails: Iterable[Disposition]) -> dict[tuple[str, int], str]:
    wanted: dict[str, set[int]] = {}
    for row in acts:
        for kind, one in (("staff", row.staff_id), ("contact", row.contact_id), (row.kind, row.object_id)):
            if one is not None:
                wanted.setdefault(kind, set()).add(one)
    wanted.setdefault("ticket", set()).update(row.ticket_id for row in mails if row.ticket_id is not None)
    found = {("ticket", key): number for key, number in _of(session, Ticket.id, Ticket.number, wanted.pop("ticket"))}
    accounts = _of(session, Account.id, Account.username, wanted.pop("account", ()))
    found |= {("account", key): username for key, username in accounts}
    for kind, ids in wanted.items():
        if kind in _TABLES:
            table = _TABLES[kind]
            found |= {(kind, key): name for key, name in _of(session, table.id, table.name, ids) if name}
    return found


def _of(session: Session, key: Any, name: Any, ids: Collection[int]) -> Sequence[Any]:
    return session.execute(select(key, name).where(key.in_(ids))).all() if ids else ()
