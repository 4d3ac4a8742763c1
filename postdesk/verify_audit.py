"""The audit log: each row is under its seal and what it was; its triggers are there."""

from collections.abc import Iterator

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from desk import audit_seal
from desk.keys import Keys
from postdesk.verify import NOTED, Finding
from store.tables import Audit, AuditSeal

_GUARDS = {
    "sqlite": ("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit\\_%' ESCAPE '\\'", 6),
    "postgresql": (
        "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgname LIKE 'audit\\_%'", 4
    ),
}  # fmt: skip


def check(session: Session, keys: Keys | None) -> Iterator[Finding]:
    """Without the keys nothing can be said of the seals."""
    query, wanted = _GUARDS[session.get_bind().dialect.name]
    missing = wanted - (session.scalar(text(query)) or 0)
    if missing:
        yield Finding("audit log", "triggers that keep it from being changed are off: somebody took them.", missing)
    if keys is None:
        return
    rows = session.scalar(select(func.count()).select_from(Audit)) or 0
    seals = session.scalar(select(func.count()).select_from(AuditSeal)) or 0
    count = 0
    examples: list[str] = []
    for fault in audit_seal.faults(session, keys):
        count += 1
        if len(examples) < NOTED:
            examples.append(f"seal {fault.seal}: {fault.what}" if fault.seal else fault.what)
    if count:
        yield Finding("audit log", "it was changed by hand, or its key is another one.", count, tuple(examples))
    else:
        yield Finding("audit log", f"{rows:,} rows under {seals:,} seals are what they were.")
