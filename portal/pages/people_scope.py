"""Whose people a page is about: the visitor's organisation, and for staff the one that the address names."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urlencode

from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from desk.acting import people_stage
from desk.acting.people_stage import Keeping, Scope
from desk.acting.rules import NotThere
from desk.clean import row_id
from portal.visit import Portal, Visit


def wanted(visit: Visit) -> int | None:
    """The organisation that the address names."""
    said = visit.query.get("organisation", "")
    found = row_id(said)
    if said and found is None:
        raise HTTPException(404)
    return found


def scope(portal: Portal, visit: Visit, session: Session) -> Scope:
    """Whose people the visitor may keep here; 404 for everybody else."""
    who = visit.who
    with or_404():
        return people_stage.scope_of(session, who.person, who.level.name, portal.config.levels, wanted(visit))


def keeping(portal: Portal, visit: Visit, contact_id: int | None = None) -> AbstractContextManager[Keeping]:
    """The stage of an act on people of this organisation."""
    config = portal.config
    return people_stage.keeping(
        config.acting, config.keys, visit.who.person, wanted(visit), visit.now, contact_id=contact_id
    )


@contextmanager
def or_404() -> Iterator[None]:
    """What is not there for this visitor is a page that is not found."""
    try:
        yield
    except NotThere:
        raise HTTPException(404) from None


def query(visit: Visit, **more: str) -> str:
    """What stands behind a path: the organisation, for staff, and what else is named."""
    pairs: Mapping[str, str] = {"organisation": str(wanted(visit))} if visit.who.is_staff and wanted(visit) else {}
    named = {**pairs, **{name: value for name, value in more.items() if value}}
    return "?" + urlencode(named) if named else ""
