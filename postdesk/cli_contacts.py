"""Commands about contacts: `postdesk contact add`, `set`, `show`, `list`, `deactivate`, `reactivate`."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postdesk.cli import contact_app, fail
from postdesk.cli_access import contact_activate
from postdesk.cli_common import JsonOption, changing, new_organisation, reading, say_json, yes_no

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from desk.profile import Profile
    from postdesk.wiring import House
    from store.tables import Contact

_Fields = Annotated[
    list[str] | None,
    typer.Option("--field", metavar="LABEL=VALUE", help="Any field, like “Job title=Head of IT”; - empties it."),
]
_Level = Annotated[str | None, typer.Option(help="Security level.")]
_Language = Annotated[str | None, typer.Option(help="Of letters to them: Deutsch or de.")]
_Site = Annotated[str | None, typer.Option(help="Any part of the label of a site; “none” for none.")]
_Sees = Annotated[str | None, typer.Option(help="own, organisation or sub-organisations; “usual” as the others.")]


@contact_app.command("add")
def contact_add(
    address: str,
    name: Annotated[str, typer.Option(help="First and last name.")] = "",
    organisation: Annotated[str, typer.Option(help="Made when there is none of that name.")] = "",
    site: _Site = None,
    level: _Level = None,
    language: _Language = None,
    sees: _Sees = None,
    field: _Fields = None,
    activate: Annotated[bool, typer.Option(help="Give portal access, and send the credentials.")] = True,
) -> None:
    """Add a contact; with portal access they get a letter with their user name and a one-time password."""
    from desk import contacts, organisations, people
    from desk.writes import Writes
    from postdesk.settings_kinds import ADDRESS
    from store.tables import Contact

    if not ADDRESS.fullmatch(address):
        raise fail(f"“{address}” is not a complete e-mail address.", 65)
    now, lines = datetime.now(UTC), _lines(field, level, language)
    with changing() as (house, session):
        ids = house.database.ids
        there = organisations.find(session, organisation)
        new = new_organisation(session, organisation) if organisation else ""
        whose = people.organisation(session, organisation, ids.next(), now) if organisation and not there else there
        writes = Writes(ids.next)
        made = contacts.add(
            session, writes, address, lines, house.levels.names, now, name=name, organisation=whose, ours=_ours(house)
        )
        writes.flush(session)
        _place(session, session.get_one(Contact, made.id), site, sees)
    typer.echo("\n".join([*([new] if new else []), f"{address} is added."]))
    if activate:
        contact_activate(address)


@contact_app.command("set")
def contact_set(
    address: str,
    organisation: Annotated[str | None, typer.Option(help="Another one; “none” for none.")] = None,
    site: _Site = None,
    level: _Level = None,
    language: _Language = None,
    sees: _Sees = None,
    email: Annotated[str | None, typer.Option(help="Another primary address; both get a letter about it.")] = None,
    field: _Fields = None,
    mute: Annotated[bool | None, typer.Option("--mute/--no-mute", help="No letters but those everybody gets.")] = None,
    digest: Annotated[
        bool | None, typer.Option("--digest/--no-digest", help="A list of their tickets every day.")
    ] = None,
    news: Annotated[bool | None, typer.Option("--news/--no-news", help="Announcements by mail.")] = None,
) -> None:
    """Change what is named; all else stays."""
    from desk import contacts, organisations, profile
    from desk.writes import Writes
    from store.tables import Contact

    with changing() as (house, session):
        contact = contacts.find(session, address)
        if organisation is not None:
            to = None if organisation.strip().lower() == "none" else organisations.the_one(session, organisation)
            contacts.move(session, contact, to)
        _place(session, contact, site, sees)
        for name, value in (("muted", mute), ("digest", digest), ("news", news)):
            if value is not None:
                setattr(contact, name, value)
        _note(session, contact, {"organisation": organisation, "site": site, "letters": (mute, digest, news)}, sees)
        session.flush()
        person, writes = profile.load(session, Contact.id == contact.id)[contact.id], Writes(house.database.ids.next)
        lines = [*_lines(field, level, language), *([("Email", email)] if email else [])]
        changed = contacts.change(
            session, writes, person, lines, house.levels.names, datetime.now(UTC), ours=_ours(house)
        )
        writes.flush(session)
        said = [str(sentence) for sentence in profile.sentences(changed)]
    typer.echo("\n".join([f"{person.shown} is up to date.", *said]))


@contact_app.command("show")
def contact_show(address: str, as_json: JsonOption = False) -> None:
    """All that is kept of a contact, and what they may do."""
    from desk import access, contacts, profile
    from store.tables import Contact, Organisation

    with reading() as (house, session):
        contact = contacts.find(session, address)
        person = profile.load(session, Contact.id == contact.id)[contact.id]
        whose = session.get(Organisation, contact.organisation_id) if contact.organisation_id else None
        seen = access.sees(contact.sees, house.levels.of(contact.level), whose.visibility if whose else None)
        row = _as_json(person, contact) | {"sees": seen if whose else "own", "site": _site(session, contact)}
    if as_json:
        say_json(row)
    else:
        typer.echo("\n".join(_shown(row)))


@contact_app.command("list")
def contact_list(
    organisation: Annotated[str, typer.Option(help="Of this one alone.")] = "",
    inactive: Annotated[bool, typer.Option("--inactive", help="Those who were deactivated.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """The newest contacts."""
    from sqlalchemy import select

    from desk import organisations, profile
    from store.tables import Contact

    gone = Contact.deactivated_at.is_not(None) if inactive else Contact.deactivated_at.is_(None)
    with reading() as (_, session):
        wanted = select(Contact).where(gone)
        if organisation:
            wanted = wanted.where(Contact.organisation_id == organisations.the_one(session, organisation).id)
        rows = session.scalars(wanted.order_by(Contact.created_at.desc(), Contact.id.desc()).limit(limit)).all()
        people = profile.load(session, Contact.id.in_([row.id for row in rows]))
    if not rows and not as_json:
        typer.echo("There are none.")
    for row in rows:
        person = people[row.id]
        if as_json:
            say_json(_as_json(person, row))
        else:
            access = "access" if person.has_access else "no access"
            typer.echo(f"{person.shown}  {person.organisation or 'no organisation'}, {person.level}, {access}")


@contact_app.command("deactivate")
def contact_deactivate(address: str) -> None:
    """They see no ticket and get no letters about tickets any more.

    Mail from them still opens tickets, and gets its receipt.
    """
    from desk import contacts

    with changing() as (_, session):
        done = contacts.deactivate(session, contacts.find(session, address), datetime.now(UTC))
    typer.echo(f"{address} {'is deactivated' if done else 'was deactivated already'}.")


@contact_app.command("reactivate")
def contact_reactivate(address: str) -> None:
    """They are there again. For access to the portal: postdesk contact activate."""
    from desk import contacts

    with changing() as (_, session):
        done = contacts.reactivate(session, contacts.find(session, address))
    typer.echo(f"{address} {'is active again' if done else 'is active'}.")


def _note(session: "Session", contact: "Contact", wished: dict[str, Any], sees: str | None) -> None:
    """What `contacts.change` does not: it knows the lines of a profile."""
    from desk import audit

    changed = [name for name, value in wished.items() if value not in (None, (None, None, None))]
    if changed:
        audit.note(session, "contact.changed", "contact", contact.id, fields=changed)
    if sees is not None:
        audit.note(session, "rights.changed", "contact", contact.id, sees=contact.sees or "usual")


def _lines(fields: list[str] | None, level: str | None, language: str | None) -> list[tuple[str, str]]:
    lines = []
    for field in fields or ():
        label, equals, value = field.partition("=")
        if not equals:
            raise fail(f"“{field}” is no field. Write it like --field “Job title=Head of IT”.", 64)
        lines.append((label.strip(), value))
    return [*lines, *((name, value) for name, value in (("Level", level), ("Language", language)) if value is not None)]


def _ours(house: "House") -> set[str]:
    return {desk.address.lower() for desk in house.addresses.desks}


def _place(session: "Session", contact: "Contact", site: str | None, sees: str | None) -> None:
    from desk import contacts

    if site is not None:
        contacts.place(session, contact, site)
    if sees is not None:
        contacts.sees(contact, sees)


def _site(session: "Session", contact: "Contact") -> str | None:
    from desk.sites import label
    from store.tables import Site

    site = session.get(Site, contact.site_id) if contact.site_id is not None else None
    return label(site) if site is not None else None


def _as_json(person: "Profile", contact: "Contact") -> dict[str, Any]:
    from desk.profile import PERSON

    seen = person.account.last_login_at if person.account else None
    return {
        "name": person.name,
        "addresses": person.addresses,
        "organisation": person.organisation or None,
        "level": person.level,
        "language": person.language or None,
        "active": person.active,
        "known": person.known,
        "access": person.has_access,
        "last_login": seen.isoformat() if seen else None,
        "muted": person.muted,
        "digest": contact.digest,
        "news": contact.news,
        "fields": {label: value for label in PERSON if (value := person.value(label))},
    }


def _shown(row: dict[str, Any]) -> list[str]:
    lines = [f"{label}: {value}" for label, value in row["fields"].items()]
    for label in ("organisation", "site", "sees"):
        lines.append(f"{label.capitalize()}: {row[label] or 'none'}")
    lines += [f"Active: {yes_no(row['active'])}", f"Access to the portal: {yes_no(row['access'])}"]
    lines += [f"Last sign-in: {row['last_login']}"] if row["last_login"] else []
    lines += [f"{label}: {yes_no(row[key])}" for label, key in (("Digest", "digest"), ("News", "news"))]
    return [*lines, *(["Muted: wants no letters but those everybody gets"] if row["muted"] else [])]
