"""Organisations within organisations: what lies below one, and where one may be put."""

from collections.abc import Collection

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from store.tables import Organisation

DEPTH = 20  # of nesting; the query ends there, whatever the rows say


def below(session: Session, organisations: Collection[int]) -> dict[int, frozenset[int]]:
    """The organisations below each of these, at any depth: one query; none for nobody. A circle ends it too."""
    if not organisations:
        return {}
    start = select(Organisation.id.label("top"), Organisation.id.label("id"), literal(0).label("depth"))
    tree = start.where(Organisation.id.in_(organisations)).cte("below", recursive=True)
    step = select(tree.c.top, Organisation.id, tree.c.depth + 1).join(tree, Organisation.parent_id == tree.c.id)
    tree = tree.union(step.where(tree.c.depth < DEPTH))
    found: dict[int, set[int]] = {organisation: set() for organisation in organisations}
    for top, organisation in session.execute(select(tree.c.top, tree.c.id)):
        found[top].add(organisation)
    return {top: frozenset(inside - {top}) for top, inside in found.items()}


def above(session: Session, organisation_id: int) -> list[int]:
    """The organisation and those above it, the nearest first."""
    start = select(Organisation.id, Organisation.parent_id, literal(0).label("depth"))
    tree = start.where(Organisation.id == organisation_id).cte("above", recursive=True)
    step = select(Organisation.id, Organisation.parent_id, tree.c.depth + 1)
    tree = tree.union(step.join(tree, Organisation.id == tree.c.parent_id).where(tree.c.depth < 2 * DEPTH))
    rows = session.execute(select(tree.c.id).order_by(tree.c.depth))
    return list(dict.fromkeys(rows.scalars()))


def height(session: Session, organisation_id: int) -> int:
    """How many levels lie below an organisation."""
    start = select(Organisation.id, literal(0).label("depth")).where(Organisation.id == organisation_id)
    tree = start.cte("height", recursive=True)
    step = select(Organisation.id, tree.c.depth + 1).join(tree, Organisation.parent_id == tree.c.id)
    tree = tree.union(step.where(tree.c.depth < 2 * DEPTH))
    return max(session.execute(select(tree.c.depth)).scalars(), default=0)
