"""The history of contact imports: which there were, and how far the welcome letters of each have got."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session, defer

from desk.said import both, say, say_many
from store.tables import ImportRun, Outbox

_GIVEN_UP = ("refused", "expired", "suppressed", "uncertain", "failed")


@dataclass(frozen=True, slots=True)
class Letters:
    """The welcome letters of one import."""

    total: int
    waiting: int = 0
    failed: int = 0

    @property
    def sent(self) -> int:
        """How many went out: also those of which no record is kept any more."""
        return max(self.total - self.waiting - self.failed, 0)

    @property
    def said(self) -> str:
        """412 of 3,000 welcome letters sent; "" where there are none."""
        if not self.total:
            return ""
        sent = say_many(
            "{sent} of {n} welcome letter sent.", "{sent} of {n} welcome letters sent.", self.total,
            sent=f"{self.sent:,}",
        )  # fmt: skip
        return both(sent, say("{n} could not be sent.", n=f"{self.failed:,}") if self.failed else "")


def runs(session: Session, organisation_id: int | None, limit: int, *, rows: bool = True) -> Sequence[ImportRun]:
    """The newest imports, of one organisation or of all; without `rows` their fates are left in the database."""
    found = select(ImportRun).order_by(ImportRun.at.desc(), ImportRun.id.desc()).limit(limit)
    if organisation_id is not None:
        found = found.where(ImportRun.organisation_id == organisation_id)
    return session.scalars(found if rows else found.options(defer(ImportRun.rows))).all()


def letters(session: Session, found: Collection[ImportRun]) -> Mapping[int, Letters]:
    """How far the letters of these imports have got, by their ids: one query."""
    waiting = func.sum(_is(Outbox.state == "waiting"))
    failed = func.sum(_is(Outbox.state.in_(_GIVEN_UP)))
    wanted = [run.id for run in found if run.letters]
    counted = select(Outbox.import_id, waiting, failed).where(Outbox.import_id.in_(wanted)).group_by(Outbox.import_id)
    by_id = {row[0]: (int(row[1] or 0), int(row[2] or 0)) for row in session.execute(counted)} if wanted else {}
    return {run.id: Letters(run.letters, *by_id.get(run.id, (0, 0))) for run in found}


def _is(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def refused(run: ImportRun) -> Iterator[tuple[int, object]]:
    """The rows that were refused, with the reason as it is kept (desk/said.py)."""
    return ((int(row[0]), row[2]) for row in run.rows if row[1] == "refused")
