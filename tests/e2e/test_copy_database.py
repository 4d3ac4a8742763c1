"""A desk that has begun with SQLite goes on with PostgreSQL: nothing is lost, and a reply finds its ticket."""

import pytest
from sqlalchemy import func, select

from store.database import Database
from store.tables import Audit, Base, Lease, Process, core
from tests.e2e.conftest import FREELY
from tests.e2e.world import answer, assert_ledger, files, mail, outcomes, send
from tests.peers.desk import Desk
from tests.servers import Postgres

# What no desk has in the new place: who is at work there, and which steps made its schema.
OTHER = {core(Lease), core(Process)}


def counts(database: Database) -> dict[str, int]:
    """Rows by table."""
    tables = [table for table in Base.metadata.sorted_tables if table not in OTHER]
    with database.reading() as session:
        return {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


@pytest.mark.timeout(300)
def test_from_sqlite_to_postgresql(postgres: Postgres) -> None:
    """The command copies every row; the desk then runs on the copy, and goes on with numbers, ids and threads."""
    url = postgres.fresh_database()
    with Desk(settings=FREELY) as desk:
        made = [mail(f"c{n}@customer.test", f"Before the change {n} größer") for n in range(30)]
        made[0].add_attachment(bytes(300_000), maintype="application", subtype="x-sample", filename="a.bin")
        send(desk.smtp, *made)
        desk.wait_handled(30)
        (letter,) = desk.letters("c7@customer.test", 1)
        assert "Stop it" in desk.run("copy-database", url, code=75)
        desk.stop()
        before, was = counts(desk.database), outcomes(desk)
        said = desk.run("copy-database", url)
        assert f"{sum(before.values()) - before['schema_state']:,} rows are there" in said
        desk.environment["POSTDESK_DATABASE__URL"] = url
        desk.database.close()
        desk.database = Database(url)
        after = counts(desk.database)
        assert after.pop("audit") == before.pop("audit") + 1
        assert after == before
        desk.start()
        send(desk.smtp, answer("c7@customer.test", letter, "Sample words after the change.\n"))
        send(desk.smtp, mail("new@customer.test", "After the change"))
        desk.wait_handled(32)
        assert outcomes(desk)[:30] == was
        assert outcomes(desk)[30] == ("noted", str(letter["X-Ticket"]))
        assert outcomes(desk)[31][0] == "opened"
        assert len({number for _, number in outcomes(desk)}) == 31
        assert [file.size for file in files(desk)] == [300_000]
        assert_ledger(desk)
        assert "FAULT" not in desk.run("verify")
        with desk.database.reading() as session:
            last = session.scalars(select(Audit).where(Audit.act == "desk.migrated")).one()
        assert last.way == "cli"
        desk.database.close()


def test_where_it_cannot_go(postgres: Postgres) -> None:
    """A database with something in it is left alone, and so is what is no database."""
    url = postgres.fresh_database()
    with Desk(("smtp",)) as desk:
        desk.stop()
        desk.run("copy-database", url)
        assert "not empty" in desk.run("copy-database", url, code=74)
        assert "not the URL of a database" in desk.run("copy-database", "nowhere", code=64)
        assert "Nothing was copied" in desk.run("copy-database", "postgresql+psycopg://desk@127.0.0.1:1/desk", code=74)
