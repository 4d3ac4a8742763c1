"""Commands about what contacts have: `postdesk contact activate`, `two-step-off`, `approver`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from postdesk.cli import contact_app, fail, ready_house
from postdesk.cli_held import open_desk


@contact_app.command("activate")
def contact_activate(
    address: str,
    by: Annotated[str, typer.Option(help="Who gives access, as the letter says it.")] = "",
) -> None:
    """Send a contact (or a member of staff) their user name and a new one-time password; an earlier one ends."""
    from sqlalchemy import select

    from desk import credentials, people
    from store.tables import Staff

    house = ready_house()
    settings = house.settings.credentials
    with house.database.transaction() as session:
        found = people.find_contact(session, address)
        person = found or session.scalars(select(Staff).where(Staff.address == address.lower())).first()
        if person is None:
            raise fail(f"There is nobody with the address {address}. Add them with: postdesk contact add {address}", 66)
        if found is not None and found.deactivated_at is not None:
            raise fail(f"{address} is deactivated. Bring them back first: postdesk contact reactivate {address}", 65)
        credentials.activate(
            session,
            house.keys,
            person,
            kind=settings.mode,
            hours=settings.hours,
            now=datetime.now(UTC),
            by=by,
            next_id=house.database.ids.next,
        )
    typer.echo(f"The letter with the credentials is on its way to {address}. It works for {settings.hours:g} hours.")


@contact_app.command("two-step-off")
def contact_two_step_off(
    address: str,
    by: Annotated[str, typer.Option(help="Who does it, as the letter says it.")] = "",
) -> None:
    """Switch off the two-step sign-in of somebody (staff too) who lost phone and recovery codes; make sure it is them.

    They are signed out everywhere, get a letter, and sign in with their password alone.
    """
    from sqlalchemy import select

    from desk import sessions, two_step
    from store.tables import Account

    house = ready_house()
    with house.database.transaction() as session:
        account = session.scalars(select(Account).where(Account.username == address.strip().lower())).one_or_none()
        if account is None:
            raise fail(f"Nobody signs in to the portal as {address}.", 66)
        if account.totp_at is None:
            raise fail(f"{address} has no two-step sign-in.", 65)
        two_step.switch_off(
            session, account, datetime.now(UTC), house.database.ids.next, by=by or house.settings.desk.name
        )
        sessions.end_all(session, account.id)
    typer.echo(f"Two-step sign-in of {address} is off, and a letter tells them. They set it up again under their name.")


@contact_app.command("approver")
def contact_approver(
    address: str,
    board: Annotated[str, typer.Option(help="The board, as staff name it: #ask approval cab.")] = "cab",
    remove: Annotated[bool, typer.Option("--remove", help="Take them off the board.")] = False,
) -> None:
    """Put a contact on a board of their organisation: they are asked when staff ask that board to approve."""
    from desk import approvals, people

    if not (name := approvals.board_name(board)):
        raise fail("A board needs a name.", 65)
    with open_desk() as house, house.database.transaction() as session:
        person = people.find_contact(session, address)
        if person is None:
            raise fail(f"There is no contact with the address {address}.", 66)
        if remove:
            done = approvals.leave_board(session, person, name)
            said = f"is off the board “{name}”" if done else f"was not on the board “{name}”"
        elif person.organisation_id is None:
            raise fail(f"{address} belongs to no organisation, and a board is an organisation's.", 65)
        else:
            done = approvals.join_board(session, person, name)
            said = f"is on the board “{name}”" if done else f"was on the board “{name}” already"
    typer.echo(f"{address} {said}.")
