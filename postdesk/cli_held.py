"""Commands about mail that waits for a person: `postdesk mail held`, `accept`, `attach`, `discard`."""

import contextlib
import json
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from postdesk.cli import chosen_config, fail, mail_app, ready_house

if TYPE_CHECKING:
    from postdesk.replaying import Result
    from postdesk.wiring import House

_Ids = Annotated[list[int] | None, typer.Argument(metavar="ID...", help="Ids from `postdesk mail held`.")]
_Rule = Annotated[str, typer.Option(metavar="RULE", help="All that this rule holds, instead of ids.")]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, with --rule.")]


@mail_app.command("held")
def mail_held(
    rule: Annotated[str, typer.Option(metavar="RULE", help="Only what this rule holds.")] = "",
    each: Annotated[
        bool, typer.Option("--all", help="Each mail by itself; else those of one reason are a group.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many mails to show, oldest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, one for each mail.")] = False,
) -> None:
    """What waits for a person to decide, why, and what one can do about it."""
    from postdesk import held_list

    with open_desk() as house, house.database.reading() as session:
        counted = held_list.counts(session)
        if rule:
            _check_rule(rule, counted)
            counted = {name: count for name, count in counted.items() if name == rule}
        rows = held_list.held_rows(session, rule, limit) if each or as_json else []
        groups = [] if each or as_json else held_list.groups(session, counted, limit)
    total = sum(counted.values())
    shown = len(rows) if each or as_json else sum(group.count for group in groups)
    called = program()
    if as_json:
        for row in rows:
            typer.echo(json.dumps(held_list.as_json(row, called), ensure_ascii=False))
    else:
        typer.echo(_heading(total, rule))
        blocks = [held_list.mail_lines(row, called) for row in rows]
        for block in blocks or [held_list.group_lines(group, called) for group in groups]:
            typer.echo("\n" + "\n".join(block))
    if shown < total:
        typer.echo(f"\nShown are the oldest {shown:,} of {total:,}; --limit shows more.", err=as_json)


def _heading(total: int, rule: str) -> str:
    whose = "for this reason" if rule else "for you"
    if total < 2:
        return f"1 mail waits {whose}." if total else f"No mail waits {whose}."
    return f"{total:,} mails wait {whose}, oldest first."


@mail_app.command("accept")
def mail_accept(ids: _Ids = None, rule: _Rule = "", yes: _Yes = False) -> None:
    """Held mails become new tickets, one for each. Also for what was discarded."""
    from desk.held import WISH_TICKET
    from postdesk.replaying import decide

    with open_desk() as house:
        chosen = _chosen(house, ids or [], rule, yes, "Make a new ticket of each of {mails}?")
        _tell(decide(house, chosen, WISH_TICKET))


@mail_app.command("attach")
def mail_attach(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID... NUMBER", help="Ids from `postdesk mail held`, and the number of the ticket."),
    ] = None,
    to: Annotated[str, typer.Option(metavar="NUMBER", help="The ticket, if it is not the last word.")] = "",
    rule: _Rule = "",
    yes: _Yes = False,
) -> None:
    """Held mails become notes on a ticket; what claims to be of staff stays internal."""
    from desk.held import NotReplayable
    from desk.numbers import looks_like_one
    from postdesk.replaying import decide, wish_of

    named = list(words or [])
    number = to or (named.pop() if named and looks_like_one(named[-1]) else "")
    if not number:
        raise fail("Name the ticket, for example: postdesk mail attach 30012 T20190409.0967", 64)
    ids = [_id(word) for word in named]
    with open_desk() as house:
        try:
            wish = wish_of(house, False, number)
        except NotReplayable as error:
            raise fail(str(error), 66) from error
        chosen = _chosen(house, ids, rule, yes, f"Put {{mails}} on {wish}?")
        _tell(decide(house, chosen, wish))


@mail_app.command("discard")
def mail_discard(
    ids: _Ids = None,
    why: Annotated[str, typer.Option(metavar="TEXT", help="Kept with the mail.")] = "",
    rule: _Rule = "",
    yes: _Yes = False,
) -> None:
    """Put held mails away. They are kept, wait no longer, and can be taken up again with `accept`."""
    from gateway.headers import clean
    from postdesk.replaying import put_away

    with open_desk() as house:
        chosen = _chosen(house, ids or [], rule, yes, "Put {mails} away?")
        done = _tell(put_away(house, chosen, clean(why, 300)))
    if done:
        typer.echo(f"To take one up again: {program()} mail accept ID")


def _id(word: str) -> int:
    if not (word.isascii() and word.isdigit()):
        raise fail(f"“{word}” is neither the id of a mail nor, as the last word, the number of a ticket.", 64)
    return int(word[:30])


def _chosen(house: "House", ids: Sequence[int], rule: str, yes: bool, question: str) -> list[int]:
    """The mails that are meant: the ids, or all of a rule once the person says so."""
    from postdesk import held_list

    if bool(ids) == bool(rule):
        raise fail("Name the ids of mails, or --rule and a reason; `postdesk mail held` shows both.", 64)
    if ids:
        return list(dict.fromkeys(ids))
    with house.database.reading() as session:
        _check_rule(rule, held_list.counts(session))
        found = held_list.held_ids(session, rule)
    if not found:
        typer.echo(_heading(0, rule))
    elif not yes and not _agreed(question.format(mails="1 mail" if len(found) == 1 else f"{len(found):,} mails")):
        raise fail("Nothing was changed.")
    return found


def _agreed(question: str) -> bool:
    try:
        return typer.confirm(question)
    except typer.Abort:
        raise fail("\nNothing was changed. To do it without being asked, add --yes.", 64) from None


def _check_rule(rule: str, counted: dict[str, int]) -> None:
    from desk.held_reasons import REASONS

    if rule not in REASONS and rule not in counted:
        raise fail(f"There is no rule {rule!r} that holds mail. Choose from: {', '.join(sorted(REASONS))}.", 64)


def _tell(results: "Iterable[Result]") -> bool:
    """A line for each mail; True if all are done. Exit code 66 for mails that do not exist, else 65."""
    states = set()
    for result in results:
        states.add(result.state)
        typer.echo(result.words, err=result.state in ("missing", "refused"))
    if "waiting" in states:
        typer.echo(f"Is Postdesk running? Start it with: {program()} serve", err=True)
    if bad := states & {"missing", "refused"}:
        raise typer.Exit(66 if bad == {"missing"} else 65)
    return states == {"done"}


@contextlib.contextmanager
def open_desk() -> "Iterator[House]":
    """The desk for one command, its files closed at the end."""
    house = ready_house()
    try:
        yield house
    finally:
        house.database.close()


def program() -> str:
    """How the person called us, so that the commands we print work when they are pasted."""
    config = chosen_config()
    return f"postdesk --config {shlex.quote(str(config))}" if config else "postdesk"
