"""Commands about letters on their way out: `postdesk outbox list`, `show`, `retry`, `send-again`, `drop`."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from postdesk.cli import app, fail
from postdesk.cli_common import JsonOption, say_json
from postdesk.cli_held import open_desk, program

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from desk.letter_list import Wanted
    from postdesk.wiring import House

outbox_app = typer.Typer(no_args_is_help=True, help="Letters on their way out: what became of each.")
app.add_typer(outbox_app, name="outbox")

_Ids = Annotated[list[int] | None, typer.Argument(metavar="ID...", help="Ids from `postdesk outbox list`.")]
_State = Annotated[
    str,
    typer.Option(
        help="waiting, deferred, gathered, held, uncertain, refused, expired, suppressed, failed, dropped, sent "
        "or folded."
    ),
]
_To = Annotated[str, typer.Option(metavar="ADDRESS", help="Only letters to this address.")]


@outbox_app.command("list")
def outbox_list(
    state: _State = "",
    to: _To = "",
    ticket: Annotated[str, typer.Option(metavar="NUMBER", help="Only letters about this ticket.")] = "",
    since: Annotated[str, typer.Option(metavar="DATE", help="Only those written since, as 2019-04-09.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Letters and the state of each, newest first; those that wait by their next try."""
    from desk import letter_list
    from gateway.delivery_pace import slow_domains
    from postdesk import show_outbox

    wanted, now = _wanted(state, to, ticket, since), datetime.now(UTC)
    with open_desk() as house, house.database.reading() as session:
        rows = letter_list.listed(session, wanted, limit + 1, now)
        counts, slow = letter_list.counts(session), slow_domains(session, now)
    shown, more = rows[:limit], len(rows) > limit
    for letter in shown:
        say_json(show_outbox.as_json(letter)) if as_json else typer.echo(show_outbox.line(letter))
    if not as_json:
        if not shown:
            typer.echo("There is no such letter." if wanted != _wanted("", "", "", "") else "There are no letters yet.")
        if counts:
            typer.echo(f"In all: {show_outbox.counted(counts)}.")
        for domain in slow:
            typer.echo(show_outbox.slow_line(domain))
    if more:
        typer.echo(f"Shown are {limit:,}; --limit shows more.", err=as_json)


@outbox_app.command("show")
def outbox_show(
    letter: Annotated[int, typer.Argument(metavar="ID", help="The id from `postdesk outbox list`.")],
    as_json: JsonOption = False,
) -> None:
    """One letter: its state, each try, what the other side said, and what you can do. Never its words."""
    from desk import letter_list
    from postdesk import show_outbox

    with open_desk() as house, house.database.reading() as session:
        found = letter_list.one(session, letter, datetime.now(UTC))
    if found is None:
        raise fail(f"There is no letter {letter}.", 66)
    if as_json:
        say_json(show_outbox.as_json(found))
    else:
        typer.echo("\n".join(show_outbox.block(found, program())))


@outbox_app.command("retry")
def outbox_retry(ids: _Ids = None, state: _State = "", to: _To = "") -> None:
    """Try letters that wait now, instead of at their time: by ids, or all of a state or to an address."""
    from desk import letters_by_hand

    if bool(ids) == bool(state or to):
        raise fail("Name the ids of letters, or --state or --to; `postdesk outbox list` shows them.", 64)
    now = datetime.now(UTC)
    with open_desk() as house:
        if ids:
            _each(house, ids, lambda session, one: letters_by_hand.retry(session, one, now), "is tried now")
            return
        wanted = _wanted(state, to, "", "")
        if state == "held":
            raise fail(f"Letters are held since a restore. Decide about them by: {program()} restored", 64)
        if state == "gathered":
            raise fail("Letters that are gathered are told with others within minutes: nothing is to be done.", 64)
        if state not in ("", "waiting", "deferred", "uncertain"):
            again = f"To send one once more: {program()} outbox send-again ID"
            raise fail(f"Letters that are {state} do not wait. {again}", 64)
        with house.database.transaction() as session:
            count = letters_by_hand.retry_all(session, wanted, now)
    typer.echo(_how_many(count, "is tried now", "are tried now", "No such letter waits for a later time."))


@outbox_app.command("send-again")
def outbox_send_again(ids: _Ids = None) -> None:
    """Send letters once more that are done and may not have arrived, each under the Message-ID that it had."""
    from desk import letters_by_hand
    from postdesk.replaying import whoami

    if not ids:
        raise fail("Name the ids of letters; `postdesk outbox list --state uncertain` shows some.", 64)
    now = datetime.now(UTC)
    with open_desk() as house:
        next_id = house.database.ids.next

        def again(session: "Session", one: int) -> None:
            letters_by_hand.send_again(session, one, whoami(), now, next_id)

        _each(house, ids, again, "goes out again")


@outbox_app.command("drop")
def outbox_drop(
    ids: _Ids = None,
    why: Annotated[str, typer.Option(metavar="TEXT", help="Kept with the letter and on its ticket.")] = "",
) -> None:
    """Do not send letters that wait; each ticket says so."""
    from desk import letters_by_hand
    from gateway.headers import clean
    from postdesk.replaying import whoami

    if not ids:
        raise fail("Name the ids of letters; `postdesk outbox list --state deferred` shows some.", 64)
    if not why.strip():
        raise fail("Say why, with --why TEXT: it is kept with the letter and on its ticket.", 64)
    now = datetime.now(UTC)
    with open_desk() as house:
        next_id = house.database.ids.next

        def drop(session: "Session", one: int) -> None:
            letters_by_hand.drop(session, one, whoami(), clean(why, 300), now, next_id)

        _each(house, ids, drop, "is dropped")


def _each(house: "House", ids: list[int], action: "Callable[[Session, int], None]", done: str) -> None:
    """One by one, so that one that cannot be done stops no other. Exit code 66 for those not there, else 65."""
    from desk.letters_by_hand import NoSuchLetter, NotPossible

    codes = set()
    for one in dict.fromkeys(ids):
        try:
            with house.database.transaction() as session:
                action(session, one)
            typer.echo(f"Letter {one} {done}.")
        except NotPossible as error:
            typer.echo(str(error), err=True)
            codes.add(66 if isinstance(error, NoSuchLetter) else 65)
    if codes:
        raise typer.Exit(min(codes))


def _wanted(state: str, to: str, ticket: str, since: str) -> "Wanted":
    from desk.letter_list import STATES, Wanted

    if state and state not in STATES:
        raise fail(f"There is no state “{state}”. Choose from: {', '.join(STATES)}.", 64)
    at = None
    if since:
        try:
            at = datetime.fromisoformat(since)
        except ValueError:
            raise fail(f"“{since}” is no date; write it as 2019-04-09.", 64) from None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return Wanted(state, to.strip().strip("<>"), ticket.strip("[] ").upper(), at)


def _how_many(count: int, one: str, many: str, none: str) -> str:
    if not count:
        return none
    return f"1 letter {one}." if count == 1 else f"{count:,} letters {many}."
