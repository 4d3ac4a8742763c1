"""The command line: `postdesk COMMAND`. Commands import what they need when they run, so that --help is quick."""

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from postdesk.wiring import House


class _Commands(TyperGroup):
    """All commands; knows that people write --config behind them."""

    def invoke(self, ctx: Any) -> Any:
        """Run one."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            if hasattr(error, "possibilities") and getattr(error, "option_name", "") in ("--config", "-c"):
                error.message = "--config stands before the command: postdesk --config FILE COMMAND"  # type: ignore[attr-defined]
                error.possibilities = None
            raise


app = typer.Typer(
    name="postdesk",
    cls=_Commands,
    help="A service desk that lives in e-mail.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
mail_app = typer.Typer(no_args_is_help=True, help="Received mail: what came in, and what became of it.")
ticket_app = typer.Typer(no_args_is_help=True, help="Tickets.")
people_app = typer.Typer(no_args_is_help=True, help="The people of an organisation: lists and imports.")
contact_app = typer.Typer(no_args_is_help=True, help="Contacts and their access to the portal.")
app.add_typer(mail_app, name="mail")
app.add_typer(ticket_app, name="ticket")
app.add_typer(contact_app, name="contact")
app.add_typer(people_app, name="people")

_FAMILIES = (
    "access audit backup canary catalogue contacts copy desk dkim doctor erasure hooks letters mail mailbox migrate "
    "move muted news organisations outbox people processes seed sites staff teams timers"
).split()
_chosen: dict[str, Path | None] = {"config": None}
_running: list[typer.Context] = []  # the command at hand


def _version(wanted: bool) -> None:
    if wanted:
        from postdesk import __version__

        typer.echo(f"Postdesk {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Settings file; else POSTDESK_CONFIG, else var/postdesk.toml.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Which Postdesk this is.")
    ] = False,
) -> None:
    _chosen["config"] = config
    _running[:] = [context]
    context.call_on_close(_running.clear)


def fail(text: str, code: int = 1) -> "typer.Exit":
    """Say what is wrong on standard error; raise what it returns."""
    typer.echo(text, err=True)
    return typer.Exit(code)


def chosen_config() -> Path | None:
    """The --config option."""
    return _chosen["config"]


def _of_a_person() -> bool:
    """False for the service itself, and for code that calls a command without the command line."""
    return bool(_running) and _running[-1].invoked_subcommand != "serve"


def as_operator() -> None:
    """Whatever is noted in the audit log while this command runs was done by the user of this machine."""
    from desk import audit
    from postdesk.replaying import whoami

    if _of_a_person() and audit.origin().way != "cli":
        _running[-1].with_resource(audit.acting(audit.Origin("cli", operator=whoami())))


def open_house(*, quiet: bool = False, create: bool = False) -> "House":
    """Settings, checked; all faults at once and exit code 78 (EX_CONFIG) when there are any.

    Only with `create` may a database be made that is not there.
    """
    from postdesk import logs
    from postdesk.settings import SettingsError, load
    from postdesk.wiring import House

    as_operator()
    try:
        loaded = load(chosen_config())
    except SettingsError as error:
        raise fail("The settings cannot be used:\n  " + "\n  ".join(error.faults), 78) from error
    level = "error" if quiet else loaded.settings.log.level
    logs.set_up(loaded.settings.log.model_copy(update={"level": level}))
    house = House(loaded, create=create)
    if _of_a_person():
        _running[-1].call_on_close(house.close)  # `serve` closes its own, in whichever process opened it
    return house


def ready_house(*, quiet: bool = True, upgraded: bool = False) -> "House":
    """The same, with keys, addresses and an up-to-date database; `upgraded` makes and upgrades it if that may be."""
    from postdesk.preparing import obstacle, prepare, unfinished
    from postdesk.settings import SettingsError

    house = open_house(quiet=quiet, create=upgraded)
    if words := unfinished(house.loaded.home):
        raise fail(words, 78)
    try:
        _ = house.addresses
        if upgraded and house.settings.database.auto_migrate:
            prepare(house.database)
        elif house.missing_database:
            raise fail(house.missing_database, 78)
        if words := obstacle(house.database):
            raise fail(words, 78)
    except SettingsError as error:
        raise fail("\n".join(error.faults), 78) from error
    return house


@app.command()
def serve(
    role: Annotated[list[str] | None, typer.Option(help="smtp, lmtp, imap, work, deliver, schedule or portal.")] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes that turn mail into tickets; 0 means by the machine.")
    ] = 0,
) -> None:
    """Run Postdesk until it is stopped."""
    from postdesk import heap

    with heap.loading():
        from postdesk import roles
        from postdesk.serve import Supervisor
        from postdesk.welcome import welcome

    unknown = sorted(set(role or ()) - set(roles.ALL))
    if unknown:
        raise fail(f"There is no role {unknown[0]!r}. Choose from: {', '.join(roles.ALL)}.", 64)
    with database_faults(roles.LATER):
        house = ready_house(quiet=False, upgraded=True)
    workers = workers or house.settings.work.workers or roles.workers(house.database.is_sqlite)
    chosen = tuple(role or roles.ALL)
    supervisor = Supervisor(house, chosen, workers)
    with database_faults(roles.LATER):
        sys.exit(supervisor.run(lambda: welcome(house, chosen, sys.stdout)))


@app.command()
def init(
    sample: Annotated[bool, typer.Option(help="Ask nothing: a desk for trying out, at desk.test.")] = False,
    organisation: Annotated[str, typer.Option(help="Your organisation.")] = "",
    address: Annotated[str, typer.Option(help="The desk address people write to.")] = "",
    staff_name: Annotated[str, typer.Option(help="The first member of staff.")] = "",
    staff_address: Annotated[str, typer.Option(help="Their own mail address.")] = "",
) -> None:
    """Set up: settings file, signing key, database, first organisation and first member of staff."""
    from postdesk.init import Answers, InitError, known_address, run

    as_operator()
    try:
        address = address or known_address(chosen_config())
        answers = Answers(organisation, address, staff_name, staff_address)
        typer.echo(run(chosen_config(), Answers.sample(address) if sample else answers.asked(typer.prompt)))
    except InitError as error:
        raise fail(str(error), 73) from error


@app.command()
def check() -> None:
    """Check settings, keys, database, blob store, templates and outgoing mail, and say how to mend what is wrong."""
    from postdesk.check import check_all

    house = open_house(quiet=True)
    lines, faults = check_all(house)
    for line in lines:
        typer.echo(line)
    if faults:
        raise fail("One of these must be mended." if faults == 1 else f"{faults} of these must be mended.", 78)
    typer.echo("All is well.")


@app.command()
def demo() -> None:
    """Play a short conversation against the running Postdesk, and print each letter that comes back."""
    from postdesk.demo import DemoFailed, play

    try:
        play(ready_house())
    except DemoFailed as error:
        raise fail(str(error)) from error


@contextlib.contextmanager
def database_faults(code: int) -> Iterator[None]:
    """A database that does not answer is one line and an exit code; no traceback mends it."""
    try:
        yield
    except Exception as error:
        if harm := _damage(error):
            typer.echo(harm, err=True)
            sys.exit(1)
        if (words := _database_fault(error)) is None:
            raise
        typer.echo(words, err=True)
        sys.exit(code)


def _damage(error: Exception) -> str:
    from store.damage import damage

    if not (said := damage(error)):
        return ""
    return (
        f"FAULT database file: SQLite finds it damaged: {said}.\n"
        "Some of what it holds is lost or wrong. Stop Postdesk, keep the file, and put the last backup back: postdesk "
        "restore. docs/backup.md says how."
    )


def _database_fault(error: Exception) -> str | None:
    if not isinstance(error, OSError) and not type(error).__module__.startswith("sqlalchemy"):
        return None
    # Only here: SQLAlchemy takes a while to import, and --help needs none of it.
    from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError

    from gateway.outage import one_line
    from store.database import Busy

    # A plain DatabaseError is SQLite's "file is not a database".
    away = isinstance(error, Busy | OperationalError | InterfaceError) or type(error) is DatabaseError
    return f"The database does not answer. {one_line(error).partition(': ')[2]}" if away else None


def load_commands() -> None:
    """Import the families of commands, each of which adds its own to `app`."""
    for family in _FAMILIES:
        importlib.import_module(f"postdesk.cli_{family}")


def main() -> None:
    """Entry point of the `postdesk` script."""
    load_commands()
    os.umask(0o077)  # mail is private: whatever is made from here on is for its owner only
    with database_faults(69):  # EX_UNAVAILABLE
        app()


if __name__ == "__main__":
    main()
