"""`postdesk contact two-step-off`: the way out for somebody who lost phone and recovery codes."""

import gc
import warnings
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from typer.testing import CliRunner

from desk import half_way, sessions, two_step
from desk.tries import codes_of
from postdesk import cli_access, cli_contacts  # noqa: F401 - their commands
from postdesk.cli import app
from postdesk.wiring import House
from store.tables import Account, Base, HalfSignIn, LoginTry, Outbox, RecoveryCode, WebSession

JANE = "jane@customer.test"


def run(config: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of the command."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # a command leaves its files to the end of its process
        found = CliRunner().invoke(app, ["--config", str(config), "contact", *arguments])
        code, output = found.exit_code, found.output
        del found
        gc.collect()
    return code, output


def test_switched_off_by_the_operator(house: House, config: Path) -> None:
    """The password alone is enough again, all browsers are signed out, a letter says who did it; refusals say why."""
    assert run(config, "two-step-off", JANE) == (66, f"Nobody signs in to the portal as {JANE}.\n")
    assert run(config, "add", JANE, "--name", "Jane Sample")[0] == 0
    assert run(config, "activate", JANE)[0] == 0
    assert run(config, "two-step-off", JANE) == (65, f"{JANE} has no two-step sign-in.\n")
    now, next_id = datetime.now(UTC), house.database.ids.next
    with house.database.transaction() as session:
        account = session.scalars(select(Account).where(Account.username == JANE)).one()
        two_step.switch_on(session, account, b"s" * 20, 0, house.keys, now, next_id)
        sessions.start(session, account, now=now, lifetimes=sessions.Lifetimes())
        half_way.begin(session, account, by_once=False, keep=False, now=now)
        session.add(LoginTry(id=next_id(), subject=codes_of(account.id), at=now))
    code, said = run(config, "two-step-off", JANE.upper(), "--by", "Sam Sample")
    assert (code, said.startswith("Two-step sign-in of")) == (0, True)
    with house.database.reading() as session:
        account = session.scalars(select(Account).where(Account.username == JANE)).one()
        assert (account.totp_at, account.totp_secret, account.totp_step) == (None, None, 0)
        # Whoever sets it up again does not wait for what was wrong before.
        tables: tuple[type[Base], ...] = (RecoveryCode, HalfSignIn, WebSession, LoginTry)
        assert [session.scalars(select(table)).all() for table in tables] == [[], [], [], []]
        letters = session.scalars(select(Outbox).where(Outbox.kind == "two_step").order_by(Outbox.id)).all()
        assert [(row.context["what"], row.context["by"]) for row in letters] == [("on", ""), ("off", "Sam Sample")]
