"""The audit log on the command line: what commands do is in it, with the user of this machine; and `postdesk audit`."""

import gc
import inspect
import json
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from sqlalchemy import select, text
from typer.testing import CliRunner

from desk import audit
from postdesk import cli, replaying, schedule
from postdesk.cli import app
from postdesk.replaying import whoami
from postdesk.wiring import House
from store.tables import Account, Announcement, Audit, AuditSeal, Disposition, Outbox, Ticket
from tests.portal.test_people_import import NIA, file_of
from tests.postdesk.test_held_commands import AUTHSERV, held

cli.load_commands()
JANE = "jane@customer.test"
# Commands that change nothing of the desk.
READING = (
    "audit; canary list; catalogue show; check; contact list; contact show; dkim check; dkim list; dkim show; doctor; "
    "announce list; explain; hooks list; letters list; letters preview; mail held; mail list; mail muted; mail show; "
    "mailbox list; mailbox test; move list; organisation list; organisation show; outbox list; outbox show; "
    "people imports; people list; people template; processes; site list; staff list; team list; ticket list; "
    "ticket show; timers list; verify"
).split("; ")
# Others that leave no row, and why.
NONE = {
    "deliver": "a mail that comes in: the ledger has it",
    "demo": "mails that come in: the ledger has them",
    "serve": "runs the desk; who acts there is in the log",
    "letters override": "writes a file beside the settings, as an editor does",
}
# Noted where a test would need a server or another desk: by which word.
ELSEWHERE = {
    "contact two-step-off": "second-factor.changed",
    "backup": "backup.made", "mailbox start-from-now": "mailbox.started", "migrate": "desk.migrated",
    "move undo": "move.undone", "copy-database": "desk.migrated",
    "restore": "desk.restored", "restored": "letter.decided", "seed-demo": "desk.sample",
    "hooks retry": "hook.retried", "init": "desk.made", "mail replay": "mail.released",
}  # fmt: skip
WHERE = {"restore": "postdesk/restore.py", "init": "postdesk/init.py", "hooks retry": "gateway/hook_queue.py",
         "mail replay": "desk/held.py", "contact two-step-off": "desk/two_step.py"}  # fmt: skip


def commands(group: typer.Typer = app, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every command with its words, and the function behind it."""
    for one in group.registered_commands:
        assert one.callback is not None
        yield f"{prefix}{one.name or one.callback.__name__.rstrip('_')}", one.callback
    for below in group.registered_groups:
        assert below.typer_instance is not None
        yield from commands(below.typer_instance, f"{prefix}{below.name} ")


def invoke(config: Path, *words: str) -> tuple[int, str]:
    """Exit code and output of a command."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # a command leaves its files to the end of its process
        done = CliRunner().invoke(app, ["--config", str(config), *words])
        found = done.exit_code, done.output
        del done
        gc.collect()
    return found


def run(config: Path, *words: str, code: int = 0) -> str:
    """A command that ends with this code, and what it said."""
    done, said = invoke(config, *words)
    assert done == code, (words, said)
    return said


def rows(house: House) -> list[Audit]:
    """All of the log, oldest first."""
    with house.database.reading() as session:
        return list(session.scalars(select(Audit).order_by(Audit.at, Audit.id)))


@pytest.fixture
def config(config: Path) -> Path:
    """The sample desk, behind a relay that checks senders."""
    with config.open("a") as file:
        file.write(f'\n[sender]\ntrusted_authserv_ids = ["{AUTHSERV}"]\n')
    return config


@pytest.fixture
def furnished(house: House, tmp_path: Path) -> House:
    """Something to decide about: held mails, a letter that failed, a file with people, a file with mail."""
    held(house, "A", "B", "C")
    now = datetime.now(UTC)
    with house.database.transaction() as session:
        for number in range(3):
            session.add(Outbox(id=700 + number, kind="update", recipient="x@y.test", recipient_name="", context={},
                               state="failed" if number else "waiting", attempts=1, next_at=now, created_at=now,
                               done_at=now if number else None))  # fmt: skip
    (tmp_path / "people.csv").write_bytes(file_of(NIA))
    (tmp_path / "one.eml").write_bytes(b"From: a@b.test\r\nSubject: Old\r\nMessage-ID: <o@b.test>\r\n\r\nOld\r\n")
    return house


def test_every_command_is_known() -> None:
    """A new one: note what it does in the audit log, or say here that it changes nothing."""
    found = {name for name, _ in commands()}
    named = {*READING, *NONE, *ELSEWHERE, *(name for name, *_ in steps(Path()))}
    assert found == named


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_is_not_run_here_is_noted_too(name: str) -> None:
    """By its word, in the function of the command or in what that calls."""
    callback = dict(commands())[name]
    source = Path(WHERE[name]).read_text() if name in WHERE else inspect.getsource(callback)  # type: ignore[arg-type]
    assert f'"{ELSEWHERE[name]}"' in source


def steps(home: Path) -> list[tuple[str, str, list[str]]]:
    """Commands in an order that works, what they are called with, and what they leave in the log."""
    return [
        ("organisation add", "Acme", ["organisation.added"]),
        ("organisation add", "Other", ["organisation.added"]),
        ("organisation set", "Acme --visibility own", ["organisation.changed"]),
        ("site add", "Acme North", ["site.added"]),
        ("site set", "Acme North --city York", ["site.changed"]),
        ("contact add", f"{JANE} --organisation Acme", ["contact.added", "access.granted"]),
        ("contact activate", JANE, ["access.granted"]),
        ("contact set", f"{JANE} --sees own --mute", ["contact.changed", "rights.changed"]),
        ("contact approver", JANE, ["board.joined"]),
        ("contact approver", f"{JANE} --remove", ["board.left"]),
        ("contact deactivate", JANE, ["contact.deactivated"]),
        ("contact reactivate", JANE, ["contact.reactivated"]),
        ("contact export-data", f"{JANE} --out {home}/jane.zip", ["export.person"]),
        ("people import", f"{home}/people.csv --organisation Acme --yes", ["import.begun"]),
        ("people export", f"--organisation Acme -o {home}/people-out.csv", ["export.people"]),
        ("ticket export", f"-o {home}/tickets.csv", ["export.tickets"]),
        ("organisation merge", "Other Acme --yes", ["organisation.merged"]),
        ("staff add", "sue@desk.test --name Sue --team Network", ["staff.added", "team.added", "team.joined"]),
        ("staff set", "sue@desk.test --admin", ["rights.changed"]),
        ("staff leave", "sue@desk.test", ["staff.left"]),
        ("staff return", "sue@desk.test", ["staff.returned"]),
        ("team add", "Night", ["team.added"]),
        ("team set", "Night --rename Late", ["team.changed"]),
        ("team join", "Late sue@desk.test", ["team.joined"]),
        ("team leave", "Late sue@desk.test", ["team.left"]),
        ("team remove", "Late", ["team.removed"]),
        ("announce add", "Maintenance", ["announcement.made"]),
        ("announce end", "{announcement}", ["announcement.ended"]),
        ("mail mute", "gone@x.test --why sample", ["address.muted"]),
        ("mail unmute", "gone@x.test", ["address.unmuted"]),
        ("mail discard", "{held}", ["mail.dropped"]),
        ("outbox retry", "700", ["letter.retried"]),
        ("outbox send-again", "701", ["letter.again"]),
        ("outbox drop", "701 --why sample", ["letter.dropped"]),
        ("import", f"{home}/one.eml", ["mail.imported"]),
        ("move in", f"{home}/one.eml", ["move.done"]),
        ("dkim new", "desk.test --selector s1", ["dkim.changed"]),
        ("dkim use", "s1 --force", ["dkim.changed"]),
        ("dkim retire", "s1 --force", ["dkim.changed"]),
        ("canary send", "--wait 0", ["canary.sent"]),
        ("timers run", "purge", ["timer.run"]),
        ("contact erase", f"{JANE} --yes --no-vacuum", ["erasure.begun", "erasure.done"]),
        ("mail accept", "{held}", ["mail.released"]),
        ("mail attach", "{held} {number}", ["mail.released"]),
    ]


def filled(words: str, house: House) -> list[str]:
    """With the ids of what is there now."""
    values = {}
    with house.database.reading() as session:
        if "{announcement}" in words:
            values["announcement"] = str(session.scalars(select(Announcement.id)).one())
        if "{held}" in words:
            values["held"] = str(
                session.scalars(select(Disposition.received_id).where(Disposition.kind == "held")).first()
            )
        if "{number}" in words:
            values["number"] = str(session.scalars(select(Ticket.number)).first())
    return words.format(**values).split()


def test_every_command_leaves_its_row(
    furnished: House, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, by the way “cli”, with the user of this machine."""
    monkeypatch.setattr(replaying, "SECONDS", 0.1)
    for name, words, acts in steps(tmp_path):
        before = {row.id for row in rows(furnished)}
        code, said = invoke(config, *name.split(), *filled(words, furnished))
        assert code == 0 or name == "canary send", (name, said)
        new = [row for row in rows(furnished) if row.id not in before]
        assert sorted(row.act for row in new) == sorted(acts), name
        assert {(row.way, row.operator) for row in new} == {("cli", whoami())}, name
        if name == "import":  # so that there is a ticket to put mail on
            furnished.intake().drain_once()


def test_the_timer_is_nobody_but_itself(house: House) -> None:
    """What the clock does is done by the desk; a seal is made, and `verify` finds all as it was."""
    now = datetime.now(UTC) + timedelta(hours=2)
    assert schedule.run(house, "audit", "test", now)
    with house.database.reading() as session:
        assert session.scalars(select(AuditSeal.number)).all() == [1]
        assert audit.origin() == audit.ITSELF


def test_verify_finds_what_was_changed_by_hand(house: House, config: Path) -> None:
    """Somebody takes a trigger off and makes another one of themself."""
    schedule.run(house, "audit", "test", datetime.now(UTC) + timedelta(hours=2))
    assert "seals are what they were." in run(config, "verify")
    with house.database.transaction() as session:
        session.execute(text("DROP TRIGGER audit_fixed"))
        session.execute(text("UPDATE audit SET operator = 'somebody else'"))
    said = run(config, "verify", code=1)
    assert "triggers that keep it from being changed are off" in said
    assert "its rows are not what they were" in said


def test_it_is_read_on_the_command_line(house: House, config: Path) -> None:
    """Newest first, as lines or as JSON, narrowed; a filter that cannot be is said."""
    run(config, "team", "add", "Night")
    lines = run(config, "audit").splitlines()
    assert "team.added" in lines[0]
    assert whoami() in lines[0]
    assert "(Night)" in lines[0]
    assert any("desk.made" in line for line in lines)
    row = json.loads(run(config, "audit", "--act", "team", "--who", whoami(), "--limit", "1", "--json").splitlines()[0])
    assert (row["act"], row["way"], row["who"]) == ("team.added", "cli", whoami())
    assert run(config, "audit", "--since", "2150-01-01") == "Nothing like that is noted.\n"
    assert "There is no act “nonsense”." in run(config, "audit", "--act", "nonsense", code=64)
    assert "is no date" in run(config, "audit", "--since", "soon", code=64)
    words = run(config, "audit", "--acts")
    assert all(word in words for word in ("access.granted", "mail.opened"))


def test_whoever_is_erased_is_not_named(furnished: House, config: Path) -> None:
    """Neither name nor address stands in any row of the log, before and after; whence a wrong password came is gone."""
    run(config, "organisation", "add", "Acme")
    run(config, "contact", "add", JANE, "--organisation", "Acme", "--name", "Jane Sample")
    with furnished.database.transaction() as session, audit.acting(audit.Origin("page", peer="192.0.2.5")):
        account = session.scalars(select(Account.id).where(Account.username == JANE)).one()
        audit.note(session, "sign-in.refused", "account", account, by="password")
    run(config, "contact", "erase", JANE, "--yes", "--no-vacuum")
    everything = " ".join(str(vars(row)) for row in rows(furnished))
    assert "jane" not in everything.lower()
    assert "192.0.2.5" not in everything
    shown = run(config, "audit", "--act", "contact")
    assert "Erased person 1" in shown or "contact " in shown
    assert "jane" not in shown.lower()
