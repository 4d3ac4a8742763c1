"""Commands about announcements: `postdesk announce …`. What is announced is answered to #news."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postdesk.cli import app, fail
from postdesk.cli_held import open_desk, program

if TYPE_CHECKING:
    from store.tables import Announcement

announce_app = typer.Typer(
    no_args_is_help=True, help="Announcements: maintenance, an outage, what everybody should know."
)
app.add_typer(announce_app, name="announce")
_TITLE, _TEXT = 200, 20_000


@announce_app.command("add")
def announce_add(
    title: str,
    text: Annotated[str, typer.Option(help="The whole text.")] = "",
    since: Annotated[
        str, typer.Option("--from", help="When it begins to show, like “2026-04-13 22:00”; else now.")
    ] = "",
    until: Annotated[str, typer.Option(help="When it ends; else it stays until it is ended.")] = "",
    mail: Annotated[bool, typer.Option("--mail/--no-mail", help="Send it to the contacts, once it shows.")] = True,
) -> None:
    """Announce something: to #news, at the top of receipts, and by mail. Times are those of the desk."""
    from desk import audit
    from store.tables import Announcement

    with open_desk() as house:
        now = datetime.now(UTC)
        starts, ends = _time(since, house.zone) or now, _time(until, house.zone)
        title = " ".join(title.split())
        if not title or len(title) > _TITLE or len(text) > _TEXT:
            raise fail(f"A title has 1 to {_TITLE} characters, a text up to {_TEXT:,}.", 64)
        if ends is not None and ends <= max(starts, now):
            raise fail("It would end before it is shown. Nothing was announced.", 64)
        by_mail = mail and house.settings.letters.announcements
        new = Announcement(
            id=house.database.ids.next(),
            title=title,
            text=text,
            starts_at=starts,
            ends_at=ends,
            by_mail=by_mail,
            created_at=now,
        )
        with house.database.transaction() as session:
            session.add(new)
            audit.note(session, "announcement.made", "announcement", new.id, by_mail=by_mail)
        typer.echo(f"Announced as {new.id}. To end it: {program()} announce end {new.id}")
        if mail and not by_mail:
            typer.echo("It goes out by no mail: letters.announcements is off.")


@announce_app.command("list")
def announce_list(
    everything: Annotated[bool, typer.Option("--all", help="Those that have ended, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """What is announced, and what will be, the newest first."""
    from sqlalchemy import or_, select

    from store.tables import Announcement

    with open_desk() as house:
        now = datetime.now(UTC)
        wanted = select(Announcement).order_by(Announcement.starts_at.desc(), Announcement.id.desc())
        if not everything:
            wanted = wanted.where(or_(Announcement.ends_at.is_(None), Announcement.ends_at > now))
        with house.database.reading() as session:
            rows = session.scalars(wanted).all()
        if not rows and not as_json:
            typer.echo("Nothing is announced.")
        for row in rows:
            typer.echo(json.dumps(_as_json(row), ensure_ascii=False) if as_json else _line(row, house.zone, now))


@announce_app.command("end")
def announce_end(
    announcement: Annotated[int, typer.Argument(metavar="ID", help="As “announce list” shows it.")],
) -> None:
    """End an announcement now; it is kept."""
    from desk import audit
    from store.tables import Announcement

    with open_desk() as house:
        now = datetime.now(UTC)
        with house.database.transaction() as session:
            found = session.get(Announcement, announcement)
            if found is None:
                raise fail(f"There is no announcement {announcement}.", 66)
            if found.ends_at is not None and found.ends_at <= now:
                raise fail(f"It has ended already: {_shown(found.ends_at, house.zone)}.", 65)
            found.ends_at = now
            audit.note(session, "announcement.ended", "announcement", found.id)
            title = found.title
        typer.echo(f"Ended: {title}")


def _time(text: str, zone: Any) -> datetime | None:
    """A time of the desk's zone, where the text does not say another."""
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise fail(f"“{text}” is no time. Write it like “2026-04-13 22:00”.", 64) from error
    return read if read.tzinfo else read.replace(tzinfo=zone)


def _line(row: "Announcement", zone: Any, now: datetime) -> str:
    until = f" until {_shown(row.ends_at, zone)}" if row.ends_at else ""
    state = "planned" if row.starts_at > now else "ended" if row.ends_at and row.ends_at <= now else "shown"
    mail = "" if not row.by_mail or state == "ended" else "  (mailed)" if row.told_at else "  (to be mailed)"
    return f"{row.id}  {state:<7}  from {_shown(row.starts_at, zone)}{until}  {row.title}{mail}"


def _shown(at: datetime, zone: Any) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def _as_json(row: "Announcement") -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "text": row.text,
        "from": row.starts_at.isoformat(),
        "until": row.ends_at.isoformat() if row.ends_at else None,
        "by_mail": row.by_mail,
        "mailed_at": row.told_at.isoformat() if row.told_at else None,
    }
