"""Finding tickets by words in their titles, and in the entries that a person may read; parts of words count too.

`found` is what finding means, as one condition. Lists, which show a page, look first how often each word stands in the
desk (`look`): what a rare one finds is known then, and a common one is looked for ticket by ticket until the page is
full (`holding`). All three find the same; only words of several letters beyond ASCII, in a strange mix of cases, and
what stands behind the first 200,000 letters of an entry depend on the way.
"""

import json
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    and_,
    any_,
    bindparam,
    column,
    exists,
    func,
    literal_column,
    or_,
    select,
    table,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from desk.access import Person
from desk.list_filters import holds
from store.database import Database
from store.tables import Event, ReceivedMail, Ticket, search

SHORTEST = 3  # letters of a word that the index knows; a shorter one is looked for in titles and numbers alone
RARE = 3_000  # texts at most that a rare word stands in …
LESS_RARE = 30_000  # … and one that is worth it where the tickets at hand do not have all the words
_PATIENCE = 100  # mails that wait: they go first, and the index waits
_PART = 200_000  # characters of one transaction, which keeps nobody waiting for long

_Found = Select[int] | CompoundSelect[int]
_words = table("search_words", column("rowid", Integer))
_entry = table("search_entry", column("id", Integer), column("ticket_id", Integer), column("public", Integer))
_waiting = table("search_waiting", column("id", Integer))
# Made once: SQLAlchemy takes milliseconds for the columns of an alias.
_noted, _headed, _ours, _theirs = aliased(Event), aliased(Ticket), aliased(Ticket), aliased(Ticket)


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


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of the words of a list before its tickets are looked for."""

    ids: frozenset[int] | None = None  # tickets that hold all the rare words; None where none of them is rare
    common: tuple[str, ...] = ()  # the others


def found(word: str, person: Person) -> ColumnElement[bool]:
    """The title, or an entry that this person may read, holds the word; or it is the number, ours or the customer's."""
    if len(word) < SHORTEST:
        return _titled(word)
    return _Either(
        Ticket.id.in_(union_all(*hits(word, person, sqlite=True))),
        Ticket.id.in_(union_all(*hits(word, person, sqlite=False))),
    )


def look(session: Session, words: Sequence[str], person: Person, most: int | None = None) -> Look:
    """Which of the words are rare, and what holds all of those; it takes no longer for a word that is everywhere."""
    sqlite, most = is_sqlite(session), RARE if most is None else most
    ids: frozenset[int] | None = None
    common: list[str] = []
    for word in dict.fromkeys(words):
        if len(word) < SHORTEST:
            common.append(word)
            continue
        texts = session.scalars(union_all(*hits(word, person, sqlite=sqlite)).limit(most + 1)).all()
        if len(texts) > most:
            common.append(word)
            continue
        ids = frozenset(texts) if ids is None else ids & frozenset(texts)
        if not ids:
            break
    return Look(ids, tuple(common))


def hits(word: str, person: Person, *, sqlite: bool) -> list[Select[int]]:
    """The tickets of all the texts that hold a word of SHORTEST letters or more: some of them several times.

    They are in parts, to be put together; most of SQLite's are in the first, by its index.
    """
    all_of_it = person.staff_id is not None
    texts = _indexed(word, all_of_it=all_of_it) if sqlite else _looked_through(word, all_of_it=all_of_it)
    return [*texts, *_numbers(word)]


def holding(word: str, person: Person) -> ColumnElement[bool]:
    """The same as `found`, for a few tickets: each is read."""
    if len(word) < SHORTEST:
        return _titled(word)
    mine = (Event.ticket_id == Ticket.id, or_(holds(Event.text, word), holds(Event.title, word)))
    seen = () if person.staff_id is not None else (Event.visibility == "public",)
    return or_(_titled(word), exists().where(*mine, *seen))


def among(session: Session, ids: Collection[int]) -> ColumnElement[bool]:
    """The ticket is one of these, however many: they travel as one value."""
    if is_sqlite(session):
        listed = func.json_each(bindparam(None, json.dumps(sorted(ids)))).table_valued("value")
        return Ticket.id.in_(select(listed.c.value))
    return Ticket.id == any_(bindparam(None, sorted(ids), ARRAY(BigInteger)))


def is_sqlite(session: Session) -> bool:
    """Which kind of database it is."""
    return session.get_bind().dialect.name == "sqlite"


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


def _titled(word: str) -> ColumnElement[bool]:
    named = and_(Ticket.reference_key != "", Ticket.reference_key == word.casefold())
    return or_(Ticket.number == word.upper(), named, holds(Ticket.title, word))


def _indexed(word: str, *, all_of_it: bool) -> list[Select[int]]:
    """SQLite: what the index knows, and what is not yet in it, read."""
    phrase = '"' + word.replace("\0", "").replace('"', '""') + '"'
    known = (
        select(_entry.c.ticket_id)
        .select_from(_words.join(_entry, _entry.c.id == _words.c.rowid))
        .where(literal_column("search_words").op("MATCH")(phrase))
    )
    late = (
        select(_noted.ticket_id)
        .select_from(_waiting.join(_noted, and_(_waiting.c.id % 2 == 1, _noted.id == _waiting.c.id // 2)))
        .where(or_(holds(_noted.text, word), holds(_noted.title, word)))
    )
    titles = (
        select(_headed.id)
        .select_from(_waiting.join(_headed, and_(_waiting.c.id % 2 == 0, _headed.id == _waiting.c.id // 2)))
        .where(holds(_headed.title, word))
    )
    if not all_of_it:
        known = known.where(_entry.c.public == 1)
        late = late.where(_noted.visibility == "public")
    return [known, late, titles]


def _looked_through(word: str, *, all_of_it: bool) -> list[Select[int]]:
    """PostgreSQL: by its own indexes, where it has them; each text has its own (store/tables/search.py)."""
    entries = [select(_noted.ticket_id).where(holds(text, word)) for text in (_noted.text, _noted.title)]
    if not all_of_it:
        entries = [one.where(_noted.visibility == "public") for one in entries]
    return [*entries, select(_headed.id).where(holds(_headed.title, word))]


def _numbers(word: str) -> list[Select[int]]:
    # Word for word as in the index, which SQLite would not use for a value that it is handed.
    named = and_(_theirs.reference_key != literal_column("''"), _theirs.reference_key == word.casefold())
    return [select(_ours.id).where(_ours.number == word.upper()), select(_theirs.id).where(named)]
