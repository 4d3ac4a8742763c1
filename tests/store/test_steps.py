"""Steps of the schema: each does only what its phase may do, and none stops the work."""

import re
import runpy
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from store import migrations
from store.database import Database
from store.migrations import Blocked, upgrade
from store.migrations.state import PHASES, VERSIONS, Fit, Step, fit, found, newest, pending, steps
from store.processes import register, take_off
from store.tables import search

RULED = "0004"  # later steps go by the rules; earlier ones were made while nothing ran

HEAD = '''"""{what}."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
'''


def write(folder: Path, body: str, what: str = "A step") -> str:
    """One more step in a folder of versions; its revision."""
    revision = f"{int(newest(folder)) + 1:04d}"
    head = HEAD.format(what=what, revision=revision, before=newest(folder))
    (folder / f"{revision}_step.py").write_text(head + body, encoding="utf-8")
    return revision


def upgrading(*statements: str) -> str:
    """An upgrade() of these statements."""
    return "\n\ndef upgrade():\n" + "".join(f"    {statement}\n" for statement in statements)


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    """The steps of this release, to which a test adds."""
    folder = tmp_path / "versions"
    folder.mkdir()
    for path in VERSIONS.glob("[0-9]*.py"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


ADD = 'op.add_column("ticket", sa.Column("mood", sa.String(20), nullable=True))'
DROP = 'op.drop_column("ticket", "mood")'


def phases(versions: Path) -> tuple[str, str, str]:
    """Expand, move and contract, one behind the other."""
    move = (
        "\n\ndef move(connection, most):\n"
        "    some = 'SELECT id FROM tally_copy WHERE moved = 0 LIMIT :most'\n"
        "    done = sa.text(f'UPDATE tally_copy SET moved = 1 WHERE id IN ({some})')\n"
        "    return connection.execute(done, {'most': most}).rowcount\n"
    )
    table = (
        'op.create_table("tally_copy", sa.Column("id", sa.Integer(), primary_key=True), '
        'sa.Column("moved", sa.Integer(), nullable=False, server_default="0"))'
    )
    expand = write(versions, upgrading(ADD, table), "Moods")
    moved = write(versions, 'phase = "move"\n' + upgrading("pass") + move, "Moods of old")
    drop = 'op.drop_table("tally_copy")'
    contract = write(versions, f'phase = "contract"\noldest = "{expand}"\n' + upgrading(drop), "No copy")
    return expand, moved, contract


def test_the_phases_of_the_steps(versions: Path) -> None:
    """Read from the text; this release's own are expand steps, or name what they are."""
    expand, moved, contract = phases(versions)
    last = steps(versions)[-3:]
    assert [(step.revision, step.phase, step.oldest, step.what) for step in last] == [
        (expand, "expand", "", "Moods"),
        (moved, "move", "", "Moods of old"),
        (contract, "contract", expand, "No copy"),
    ]
    for step in steps():
        assert step.phase in PHASES
        assert bool(step.oldest) == (step.phase == "contract")


def test_nothing_goes_while_an_older_process_lives(database: Database, versions: Path) -> None:
    """Expand and move are done, contract waits for it, by name; then the older release is told that it is too old."""
    expand, moved, contract = phases(versions)
    with database.transaction() as session:
        register(session, "old.1:1", ["work"], "1.0", newest())
    assert fit(database) is Fit.NEWEST
    done: list[Step] = []
    blocked = upgrade(database, versions=versions, tell=done.append)
    assert blocked == Blocked(steps(versions)[-1], ("old.1:1",))
    assert [step.revision for step in done] == [expand, moved]
    assert fit(database) is Fit.NEWER  # the older release may start again
    assert fit(database, versions) is Fit.UNTIDY  # and the newer one too
    assert upgrade(database) is None  # nothing for the older one to do
    with database.transaction() as session:
        take_off(session, ["old.1:1"])
        register(session, "new.1:1", ["work"], "1.1", newest(versions))
    assert upgrade(database, versions=versions) is None
    assert found(database) == (contract, expand)
    assert (fit(database), fit(database, versions)) == (Fit.TOO_NEW, Fit.NEWEST)
    assert not fit(database).works


def test_with_force_nothing_is_waited_for(database: Database, versions: Path) -> None:
    """Whoever says so knows what lives."""
    phases(versions)
    with database.transaction() as session:
        register(session, "old.1:1", ["work"], "1.0", newest())
    assert upgrade(database, versions=versions, force=True) is None
    assert pending(database, versions) == []


def test_a_move_that_is_broken_off_goes_on(database: Database, versions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts that were moved stay moved."""
    expand, _, _ = phases(versions)
    monkeypatch.setattr(migrations, "PART", 10)
    (versions / f"{int(expand) + 1:04d}_step.py").rename(versions / "later")
    (versions / f"{int(expand) + 2:04d}_step.py").rename(versions / "latest")
    upgrade(database, versions=versions)
    with database.transaction() as session:
        session.execute(text("INSERT INTO tally_copy (id) VALUES (:id)"), [{"id": number} for number in range(95)])
    (versions / "later").rename(versions / f"{int(expand) + 1:04d}_step.py")
    parts = iter(range(4))

    def stopping(database: Database, move: object) -> None:
        def part(connection: object, most: int) -> int:
            if next(parts, None) is None:
                raise KeyboardInterrupt
            return int(move(connection, most))  # type: ignore[operator]

        whole(database, part)

    whole = migrations._move
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "_move", stopping)
        with pytest.raises(KeyboardInterrupt):
            upgrade(database, versions=versions)
    assert _moved(database) == 40
    assert upgrade(database, versions=versions) is None
    assert _moved(database) == 95


def _moved(database: Database) -> int:
    with database.reading() as session:
        return int(session.scalar(text("SELECT count(*) FROM tally_copy WHERE moved = 1")) or 0)


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_step_lets_others_pass(database: Database, versions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a long transaction uses the table the step gives way again and again, and comes through in the end."""
    monkeypatch.setattr(migrations, "LOCK_SECONDS", 0.1)
    write(versions, upgrading(ADD))
    given_way = threading.Event()
    monkeypatch.setattr("store.migrations.time.sleep", lambda _: given_way.set())
    monkeypatch.setattr(migrations, "LOCK_TRIES", 10_000)
    with database.engine.connect() as long, long.begin():
        long.execute(text("LOCK TABLE ticket IN ACCESS SHARE MODE"))
        working = threading.Thread(target=upgrade, args=(database,), kwargs={"versions": versions})
        working.start()
        assert given_way.wait(60)
        with database.transaction() as session:
            session.execute(text("SELECT count(*) FROM ticket"))
    working.join(60)
    assert pending(database, versions) == []


def test_what_is_built_beside_may_take_away_too(database: Database, versions: Path) -> None:
    """Such a step names the oldest schema as others do, and the database remembers it."""
    body = 'phase = "contract"\nconcurrently = True\n'
    oldest = write(versions, upgrading(ADD), "Moods")
    gone = write(versions, f'{body}oldest = "{oldest}"\n' + upgrading(DROP), "No moods")
    assert upgrade(database, versions=versions) is None
    assert found(database) == (gone, oldest)
    assert fit(database) is Fit.TOO_NEW


def test_indexes_of_tables_that_are_there_are_built_beside_the_work() -> None:
    """A step that holds up a table for other reasons reads no table to its end."""
    for step in steps():
        if step.revision >= RULED:
            (path,) = VERSIONS.glob(f"{step.revision}_*.py")
            said = statements(VERSIONS, step.revision)
            made = {match[1] for one in said if (match := _MADE.match(one))}
            slow = {match[1] for one in said if (match := _INDEXED.match(one))} - made
            assert not slow or all(_INDEXED.match(one) for one in said), step
            assert not slow or "\nconcurrently = True\n" in path.read_text(encoding="utf-8"), step


@pytest.mark.parametrize("new", [True, False])
def test_an_index_is_built_beside_the_work(database: Database, versions: Path, *, new: bool) -> None:
    """On a desk that runs, and on one that is new; an attempt that was broken off is no obstacle."""
    body = "concurrently = True\nfrom store.migrations.indexes import add_index\n"
    write(versions, body + upgrading('add_index("ix_ticket_some", "ticket", ["type"])'))
    if new:
        with database.engine.begin() as connection:
            search.drop(connection)  # a virtual table cannot go when those below it have gone
            for table in reversed(inspect(connection).get_table_names()):
                connection.execute(text(f'DROP TABLE "{table}"' + ("" if database.is_sqlite else " CASCADE")))
    elif not database.is_sqlite:
        with database.engine.begin() as connection:
            connection.execute(text("CREATE INDEX ix_ticket_some ON ticket (status)"))
    assert upgrade(database, versions=versions) is None
    with database.engine.connect() as connection:
        indexes = {index["name"]: index["column_names"] for index in inspect(connection).get_indexes("ticket")}
    assert indexes["ix_ticket_some"] == ["type"]


def statements(versions: Path, revision: str) -> list[str]:
    """What a step says to PostgreSQL, one statement each, on one line."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    (path,) = versions.glob(f"{revision}_*.py")
    out = StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": out})
    with Operations.context(context):
        runpy.run_path(str(path))["upgrade"]()
    return [one for one in (" ".join(one.split()) for one in _STATEMENT.findall(out.getvalue())) if one]


_STATEMENT = re.compile(r"(?:\$\$.*?\$\$|[^;])+", re.DOTALL)  # a function has semicolons of its own
_MADE = re.compile(r'CREATE TABLE "?(\w+)"?')
_INDEXED = re.compile(r'CREATE INDEX \w+ ON "?(\w+)"?')
_ALLOWED = (
    re.compile(r"CREATE TABLE .*"),
    re.compile(r"ALTER TABLE \w+ ADD COLUMN (?!.*\bNOT NULL\b)(?!.*\b(?:UNIQUE|REFERENCES|CHECK)\b).*"),
    re.compile(r"ALTER TABLE \w+ ADD COLUMN (?=.*\bDEFAULT\b)(?!.*\b(?:UNIQUE|REFERENCES|CHECK)\b).*"),
    re.compile(r"CREATE INDEX .*"),
    re.compile(r"CREATE OR REPLACE FUNCTION \w+\(\) RETURNS trigger .*"),
)


def faults(versions: Path, step: Step) -> list[str]:
    """The statements of a step that its phase may not say."""
    said = statements(versions, step.revision)
    if step.phase == "contract":
        return [] if step.oldest else ["a contract step names the oldest schema that it leaves room for"]
    made = {match[1] for one in said if (match := _MADE.match(one))}
    what = r"INSERT INTO|CREATE UNIQUE INDEX \w+ ON|CREATE OR REPLACE TRIGGER \w+ BEFORE [A-Z ]+ ON"
    own = re.compile(rf"(?:{what}) (?:{'|'.join(made) or '-'})\b.*")
    return [one for one in said if step.phase != "expand" or not any(rule.fullmatch(one) for rule in (*_ALLOWED, own))]


def test_each_step_keeps_to_its_phase() -> None:
    """What a step may not do to processes that run, it does not do."""
    ruled = [step for step in steps() if step.revision > RULED]
    assert {step.revision: faults(VERSIONS, step) for step in ruled} == {step.revision: [] for step in ruled}


REFUSE = "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$"
TRIGGER = "CREATE OR REPLACE TRIGGER kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"


def _bad() -> Iterator[tuple[str, str]]:
    yield "", DROP.replace("mood", "title")
    yield "", 'op.add_column("ticket", sa.Column("mood", sa.String(20), nullable=False))'
    yield "", 'op.alter_column("ticket", "title", new_column_name="heading")'
    yield "", 'op.alter_column("ticket", "title", nullable=True)'
    yield "", 'op.drop_table("ticket")'
    yield "", 'op.execute("UPDATE ticket SET title = 1")'
    yield "", 'op.create_index("ix_new", "ticket", ["title"], unique=True)'
    yield "", f'op.execute("{TRIGGER.format(table="ticket")}")'
    yield "", 'op.create_check_constraint("ck_new", "ticket", "minutes > 0")'
    yield "", 'op.create_foreign_key("fk_new", "ticket", "contact", ["requester_id"], ["id"])'
    yield 'phase = "move"\n', ADD
    yield 'phase = "contract"\n', DROP


@pytest.mark.parametrize("head, statement", [*_bad()])
def test_what_a_phase_may_not_do_is_found(versions: Path, head: str, statement: str) -> None:
    """The rules bite."""
    write(versions, head + upgrading(statement))
    assert faults(versions, steps(versions)[-1]) != []


@pytest.mark.parametrize(
    "statement",
    [
        ADD,
        'op.add_column("ticket", sa.Column("mood", sa.String(20), nullable=False, server_default=""))',
        'op.create_table("mood", sa.Column("n", sa.Integer(), nullable=False))',
        'op.create_index("ix_new", "ticket", ["title"])',
        f'op.create_table("mood"); op.execute("{REFUSE}"); op.execute("{TRIGGER.format(table="mood")}")',
    ],
)
def test_what_an_expand_step_may_do(versions: Path, statement: str) -> None:
    """What no older process notices."""
    write(versions, upgrading(statement))
    assert faults(versions, steps(versions)[-1]) == []
