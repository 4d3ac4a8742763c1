"""What a mail leaves on the disk: rows, index of words, bytes in the blob store; on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import text

from bench import mails
from bench.desk import Desk
from bench.load import send
from bench.pages import index_all
from tests.peers.common import wait_for
from tests.peers.desk import Desk as AnyDesk
from tests.peers.postgres import Postgres

COUNT = 1_000  # mails of each kind
_ROLES = ("smtp", "work", "deliver")


def figures() -> Iterator[tuple[str, float, str]]:
    """KB that a mail of each kind adds, with its letters and its part of the index."""
    with ExitStack() as stack:
        server = stack.enter_context(Postgres())
        for name, url in (("SQLite", ""), ("PostgreSQL", server.fresh_database())):
            with Desk(_ROLES, url=url) as desk:
                yield from ((f"{name}: {what}", size, unit) for what, size, unit in _of(desk))


def _of(desk: AnyDesk) -> Iterator[tuple[str, float, str]]:
    parents = [mails.message_id(f"small-1-{n}") for n in range(COUNT)]
    senders = [f"person1x{n}@customer.test" for n in range(COUNT)]
    kinds: tuple[tuple[str, Callable[[], list[bytes]]], ...] = (
        ("new mail of 4 KB", lambda: mails.small(COUNT, 1)),
        ("reply of 4 KB", lambda: mails.replies(parents, senders, 1)),
        ("new mail with 100 KB attached", lambda: mails.pdf(COUNT, 2)),
    )
    handled = 0
    for name, make in kinds:
        rows, files = _database(desk), _blobs(desk.folder)
        send(desk.smtp, make())
        handled += COUNT
        desk.wait_handled(handled, 300)
        wait_for(lambda: not _letters_wait(desk), "all letters sent", 300)
        index_all(desk.database)
        yield f"{name}: database", (_database(desk) - rows) / COUNT / 1000, "KB"
        yield f"{name}: blob store", (_blobs(desk.folder) - files) / COUNT / 1000, "KB"


def _letters_wait(desk: AnyDesk) -> bool:
    with desk.database.reading() as session:
        return bool(session.scalar(text("SELECT count(*) FROM outbox WHERE state = 'waiting'")))


def _database(desk: AnyDesk) -> int:
    """Bytes in use: what letters that are sent gave back is left out, for it is used again."""
    with desk.database.alone() as connection:
        cursor = connection.cursor()
        if desk.database.is_sqlite:
            return sum(
                int(cursor.execute(f"PRAGMA {what}").fetchone()[0]) * sign * 4096
                for what, sign in (("page_count", 1), ("freelist_count", -1))
            )
        connection.autocommit = True
        cursor.execute("VACUUM FULL")
        cursor.execute("SELECT pg_database_size(current_database())")
        found = int(cursor.fetchone()[0])
        connection.autocommit = False
        return found


def _blobs(folder: Path) -> int:
    return sum(file.stat().st_size for file in (folder / "blobs").rglob("*") if file.is_file())
