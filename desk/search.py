"""Finding tickets by words in their titles, and in the entries that a person may read; parts of words count too."""

import time

from sqlalchemy import (
    Boolean,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    and_,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from desk.access import Person
from desk.list_filters import holds
from store.database import Database
from store.tables import Event, ReceivedMail, Ticket, search

SHORTEST = 3  # letters of a word that the index knows; a shorter one is looked for in titles and numbers alone
_PATIENCE = 100  # mails that wait: they go first, and the index waits
_PART = 200_000  # characters of one transaction, which keeps nobody waiting for long

_Found = Select[int] | CompoundSelect[int]
_words = table("search_words", column("rowid", Integer))
_entry = table("search_entry", column("id", Integer), column("ticket_id", Integer), column("public", Integer))
_waiting = table("search_waiting", column("id", Integer))


class _Either(FunctionElement[bool]):
    """A condition that each kind of database reads in its own way: the first is SQLite's, the second PostgreSQL's."""

    type = Boolean()
    inherit_cache = True


@compiles(_Either, "sqlite")
def _on_sqlite(element: _Either, compiler: SQLCompiler, **options: object) -> str:
    return compiler.process(next(iter(element.clauses)), **options)


@compiles(_Either)
def _elsewhere(element: _Either, compiler: SQLCompiler, **options: object) -> str:
    return compiler.process(list(element.clauses)[1], **options)


def found(word: str, person: Person) -> ColumnElement[bool]:
    """The title, or an entry that this person may read, holds the word; or it is the number, ours or the customer's."""
    if len(word) < SHORTEST:
        named = and_(Ticket.reference_key != "", Ticket.reference_key == word.casefold())
        return or_(Ticket.number == word.upper(), named, holds(Ticket.title, word))
    all_of_it = person.staff_id is not None
    numbers = _numbers(word)
    return _Either(
        Ticket.id.in_(union_all(*_indexed(word, all_of_it=all_of_it), *numbers)),
        Ticket.id.in_(union_all(*_looked_through(word, all_of_it=all_of_it), *numbers)),
    )


def catch_up(database: Database, seconds: float) -> int:
    """Take texts that wait into the index, for so long at most, and while no mail has to wait for it; how many."""
    done, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        with database.transaction(durable=False) as session:
            waiting = select(ReceivedMail.id).where(ReceivedMail.waiting).limit(_PATIENCE)
            if session.scalar(select(func.count()).select_from(waiting.subquery())) == _PATIENCE:
                break
            count = search.index(session.connection(), characters=_PART)
        if not count:
            break
        done += count
    return done


def _indexed(word: str, *, all_of_it: bool) -> list[Select[int]]:
    """SQLite: what the index knows, and what is not yet in it, read."""
    phrase = '"' + word.replace("\0", "").replace('"', '""') + '"'
    known = (
        select(_entry.c.ticket_id)
        .select_from(_words.join(_entry, _entry.c.id == _words.c.rowid))
        .where(literal_column("search_words").op("MATCH")(phrase))
    )
    event, ticket = aliased(Event), aliased(Ticket)
    late = (
        select(event.ticket_id)
        .select_from(_waiting.join(event, and_(_waiting.c.id % 2 == 1, event.id == _waiting.c.id // 2)))
        .where(or_(holds(event.text, word), holds(event.title, word)))
    )
    titles = (
        select(ticket.id)
        .select_from(_waiting.join(ticket, and_(_waiting.c.id % 2 == 0, ticket.id == _waiting.c.id // 2)))
        .where(holds(ticket.title, word))
    )
    if not all_of_it:
        known = known.where(_entry.c.public == 1)
        late = late.where(event.visibility == "public")
    return [known, late, titles]


def _looked_through(word: str, *, all_of_it: bool) -> list[Select[int]]:
    """PostgreSQL: by its own indexes, where it has them; each text has its own (store/tables/search.py)."""
    event, ticket = aliased(Event), aliased(Ticket)
    entries = [select(event.ticket_id).where(holds(text, word)) for text in (event.text, event.title)]
    if not all_of_it:
        entries = [one.where(event.visibility == "public") for one in entries]
    return [*entries, select(ticket.id).where(holds(ticket.title, word))]


def _numbers(word: str) -> list[Select[int]]:
    ours, theirs = aliased(Ticket), aliased(Ticket)
    # Word for word as in the index, which SQLite would not use for a value that it is handed.
    named = and_(theirs.reference_key != literal_column("''"), theirs.reference_key == word.casefold())
    return [select(ours.id).where(ours.number == word.upper()), select(theirs.id).where(named)]
