"""Commands about addresses that get no letters: `postdesk mail muted`, `mute`, `unmute`."""

import json
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postdesk.cli import fail, mail_app
from postdesk.cli_held import open_desk, program

if TYPE_CHECKING:
    from desk.muting import LostLetter, Muted

_WIDTH = 100


@mail_app.command("muted")
def mail_muted(
    lifted: Annotated[bool, typer.Option("--all", help="Also what was muted once and is lifted.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Addresses that get no letters, because a mail server said that nobody is there: since when, why, whose."""
    from desk import muting

    with open_desk() as house, house.database.reading() as session:
        rows = muting.listed(session, lifted=lifted, limit=limit + 1)
        ended = 0 if lifted else muting.count_lifted(session)
    shown, more = rows[:limit], len(rows) > limit
    if as_json:
        for row in shown:
            typer.echo(json.dumps(_as_json(row), ensure_ascii=False))
    else:
        if not any(row.lifted_at is None for row in shown):
            typer.echo("No address is muted.")
        for row in shown:
            typer.echo("\n".join(_block(row, program())) + "\n")
        if ended:
            was = "1 mute was lifted." if ended == 1 else f"{ended:,} mutes were lifted."
            typer.echo(f"{was} To see them too: {program()} mail muted --all")
    if more:
        typer.echo(f"Shown are the newest {limit:,}; --limit shows more.", err=as_json)


@mail_app.command("mute")
def mail_mute(
    addresses: Annotated[
        list[str] | None, typer.Argument(metavar="ADDRESS...", help="Who is to get no letters.")
    ] = None,
    why: Annotated[str, typer.Option(metavar="TEXT", help="Kept with it, and shown by `postdesk mail muted`.")] = "",
) -> None:
    """Write to addresses no more, until a mail comes from there or somebody lifts it."""
    from desk import audit, muting
    from desk.writes import Writes
    from gateway.headers import clean
    from postdesk.replaying import whoami

    named = list(dict.fromkeys(_address(word) for word in addresses or []))
    if not named or not why.strip():
        raise fail("Name an address, and say why with --why TEXT.", 64)
    reason = clean(f"{why} (by {whoami()})", 400)
    with open_desk() as house, house.database.transaction() as session:
        known, writes = muting.active(session, named), Writes(house.database.ids.next)
        for address in named:
            if address not in known:
                made = muting.mute(writes, address, reason, datetime.now(UTC))
                audit.note(writes, "address.muted", "mute", made.id)
        writes.flush(session)
    for address in named:
        done = "is muted already" if address in known else "is muted: it gets no letters"
        typer.echo(f"{address} {done}. To lift it: {program()} mail unmute {address}")


@mail_app.command("unmute")
def mail_unmute(
    addresses: Annotated[
        list[str] | None, typer.Argument(metavar="ADDRESS...", help="Addresses from `postdesk mail muted`.")
    ] = None,
) -> None:
    """Write to addresses again. What was not sent meanwhile is not sent later; the tickets show it."""
    from desk import muting

    named = list(dict.fromkeys(_address(word) for word in addresses or []))
    if not named:
        raise fail("Name an address; `postdesk mail muted` lists those that are muted.", 64)
    not_done = False
    with open_desk() as house:
        for address in named:
            with house.database.transaction() as session:
                done = muting.lift_by_hand(session, address, datetime.now(UTC))
                before = None if done else muting.last_lifted(session, address)
            not_done |= not done
            if done:
                typer.echo(f"{address} is no longer muted: the next letter goes out.")
            elif before:
                typer.echo(f"{address} is not muted. It was, until {_at(before)}.", err=True)
            else:
                typer.echo(f"{address} is not muted.", err=True)
    if not_done:
        raise typer.Exit(65)


def _address(word: str) -> str:
    address = word.strip().removeprefix("<").removesuffix(">").lower()
    local, _, domain = address.rpartition("@")
    if not (local and domain):
        raise fail(f"“{word}” is not a complete e-mail address. Nothing was changed.", 64)
    return address


def _block(row: "Muted", called: str) -> Iterator[str]:
    yield f"{row.address}, {_whose(row)}"
    yield f"  Since:    {_at(row.since)}"
    yield from textwrap.wrap(f"“{row.reason}”", _WIDTH, initial_indent="  Why:      ", subsequent_indent=" " * 12)
    if row.letter:
        yield f"  Letter:   {_letter(row.letter)}"
    if row.lifted_at:
        yield f"  Lifted:   {_at(row.lifted_at)}"
    else:
        yield f"  To lift:  {called} mail unmute {row.address}"


def _whose(row: "Muted") -> str:
    if row.person is None:
        return "nobody whom the desk knows"
    role = "staff" if row.person.role == "staff" else "a contact"
    return f"{row.person.name}, {role}" if row.person.name else role


def _letter(letter: "LostLetter") -> str:
    from desk.letter_names import words_for

    number = f" about {letter.ticket}" if letter.ticket else ""
    return f"{words_for(letter.kind)}{number}, written {_at(letter.created_at)}"


def _as_json(row: "Muted") -> dict[str, Any]:
    letter = row.letter and {
        "id": row.letter.id,
        "kind": row.letter.kind,
        "ticket": row.letter.ticket or None,
        "at": row.letter.created_at.isoformat(),
    }
    return {
        "address": row.address,
        "since": row.since.isoformat(),
        "lifted_at": row.lifted_at.isoformat() if row.lifted_at else None,
        "reason": row.reason,
        "name": row.person.name if row.person else "",
        "role": row.person.role if row.person else None,
        "letter": letter,
    }


def _at(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"
