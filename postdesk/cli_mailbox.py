"""Commands about the mailboxes that are read over IMAP: `postdesk mailbox …`."""

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postdesk.amounts import amount
from postdesk.cli import app, fail
from postdesk.cli_common import JsonOption, say_json
from postdesk.cli_held import open_desk, program

if TYPE_CHECKING:
    from desk.mailboxes import Health
    from gateway.imap_session import ImapSession
    from postdesk.settings_in import Mailbox
    from postdesk.wiring import House
    from store.tables import MailboxState

mailbox_app = typer.Typer(no_args_is_help=True, help="Mailboxes that are read over IMAP: how they do, and trying them.")
app.add_typer(mailbox_app, name="mailbox")
_MANY = 50  # mails of which somebody may not want a ticket each
Name = Annotated[str, typer.Argument(metavar="NAME", help="As “mailbox list” shows it.")]


@mailbox_app.command("list")
def mailbox_list(as_json: JsonOption = False) -> None:
    """Every mailbox: whether it is read and how, how much waits, what went wrong last, when its right ends."""
    from desk import mailboxes
    from postdesk.mailboxes import silent_after
    from store.tables import MailboxState

    with open_desk() as house:
        watched, now = silent_after(house.settings), datetime.now(UTC)
        with house.database.reading() as session:
            found = mailboxes.health(session, watched, now)
            rows = {box.name: session.get(MailboxState, box.name) for box in found}
        if not found and not as_json:
            typer.echo("No mailbox is set up. docs/mailbox.md says how.")
        for box in found:
            if as_json:
                say_json(_as_json(box, rows[box.name]))
            else:
                typer.echo("\n".join(_block(house, box, rows[box.name])))


@mailbox_app.command("test")
def mailbox_test(name: Name) -> None:
    """Sign in and list the folders with how many mails are in each; or say what is wrong. Changes nothing."""
    from gateway.imap_session import ImapSession
    from gateway.mailbox_state import words
    from postdesk import mailboxes
    from postdesk.oauth import right_ends, token_source

    with open_desk() as house:
        box = _named(house, name)
        config, tokens = mailboxes.config(box, house.settings), token_source(box)
        typer.echo(f"{box.host}, port {box.port}, {_way(box)}, as {box.user}")
        session = ImapSession(config, tokens=tokens)
        try:
            session.sign_in()
        except Exception as error:
            told = words(error, config.secrets)
            raise fail(f"It does not work: {told}\n{_advice(error, box)}".rstrip(), 69) from error
        try:
            _tell_folders(session)
        except Exception as error:
            raise fail(f"Signed in, and then: {words(error, config.secrets)}", 69) from error
        finally:
            session.close()
        if (ends := right_ends(box, tokens)) is not None:
            typer.echo(f"The right to read it ends on {ends.astimezone(house.zone):%Y-%m-%d}.")
        if tokens is not None and tokens.trouble:
            typer.echo(f"Mind: {tokens.trouble}")


@mailbox_app.command("start-from-now")
def mailbox_start_from_now(name: Name, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Leave the mails that are in the mailbox now where they are: only later ones are taken. The desk may run."""
    from desk import audit
    from gateway.imap_session import ImapSession
    from gateway.mailbox_book import DatabaseBook
    from gateway.mailbox_start import from_now
    from gateway.mailbox_state import words
    from postdesk import mailboxes
    from postdesk.oauth import token_source

    with open_desk() as house:
        box = _named(house, name)
        config = mailboxes.config(box, house.settings)
        try:
            with ImapSession(config, tokens=token_source(box)) as session:
                count, start = session.exists, from_now(session, datetime.now(UTC))
        except Exception as error:
            told = words(error, config.secrets)
            raise fail(f"Nothing was changed: {told}\n{_advice(error, box)}".rstrip(), 69) from error
        mails = "1 mail" if count == 1 else f"{count:,} mails"
        if not yes:
            typer.confirm(f"{mails} in {box.folder} will never become tickets by themselves. Go on?", abort=True)
        DatabaseBook(house.database, box.name).set_start(start)
        audit.alone(house.database, "mailbox.started", mailbox=box.name, left=count)
        typer.echo(f"About {mails} in {box.folder} stay where they are. What comes from now on is taken.")


def _named(house: "House", name: str) -> "Mailbox":
    found = next((box for box in house.settings.mailbox if box.name == name), None)
    if found is None:
        names = ", ".join(box.name for box in house.settings.mailbox)
        raise fail(f"There is no mailbox “{name}”. " + (f"Choose from: {names}." if names else "None is set up."), 64)
    return found


def _tell_folders(session: "ImapSession") -> None:
    config = session.config
    folders = session.folders()
    for name, count in folders:
        typer.echo(f"  {name}: {'cannot be asked' if count is None else amount(count, 'mail', 'mails')}")
    session.select()
    ways = "the server tells of new mail (IDLE)" if session.can_idle else "no IDLE here: it is polled"
    typer.echo(f"It works: {amount(session.exists, 'mail', 'mails')} in {config.folder}; {ways}.")
    if session.exists >= _MANY and config.start == "all":
        typer.echo(
            "Each of them becomes a ticket, with a receipt to its sender and a letter to staff, unless you set\n"
            'start = "now" for this mailbox; “postdesk move in --imap” takes old mail in as history, without letters.'
        )


def _way(box: "Mailbox") -> str:
    tls = {"tls": "TLS", "starttls": "STARTTLS", "none": "without TLS"}[box.tls]
    return f"{tls}, {'OAuth2' if box.auth == 'oauth2' else 'password'}"


def _advice(error: Exception, box: "Mailbox") -> str:
    """What to look at, where the words of the fault do not say it."""
    from imapclient.exceptions import LoginError

    if isinstance(error, ssl.SSLCertVerificationError):
        return "The certificate is not one that this machine trusts, or not for this host. Look at host."
    if isinstance(error, ssl.SSLError):
        return 'The port may begin without TLS. Look at port and tls: 993 is "tls", 143 "starttls".'
    if isinstance(error, LoginError):
        return 'Look at user and password. Microsoft 365 and Google take no password here: they want auth = "oauth2".'
    if isinstance(error, TimeoutError | OSError):
        return f"Nobody answers as a mail server on {box.host}, port {box.port}. Look at host, port and your firewall."
    return ""


def _block(house: "House", box: "Health", row: "MailboxState | None") -> list[str]:
    def at(moment: datetime | None) -> str:
        return f"{moment.astimezone(house.zone):%Y-%m-%d %H:%M %Z}" if moment else "never"

    lines = [f"{box.name}: {_state(box, row)}", f"  Read last:   {at(box.since)}"]
    if row and (row.waiting or row.taken):
        lines.append(f"  This visit:  {amount(row.taken, 'mail', 'mails')} taken, {row.waiting:,} to go")
    if row and row.last_error:
        lines.append(f"  Last fault:  {row.last_error} ({at(row.last_error_at)})")
    if row and row.refused:
        lines.append(f"  Refused:     {amount(row.refused, 'mail', 'mails')}, the last on {at(row.refused_at)}")
        lines.append(f"               {row.refused_why}")
    if row and row.unfetchable:
        lines.append(f"  Left alone:  {amount(row.unfetchable, 'mail', 'mails')} that the server does not hand out")
    if row and row.unmovable:
        lines.append(
            f"  Not moved:   {amount(row.unmovable, 'mail', 'mails')}, kept or refused, that the server does not move"
        )
    if row and row.start_at:
        lines.append(f"  Takes:       what came after {at(row.start_at)}")
    if row and row.token_ends_at:
        lines.append(f"  Right ends:  {row.token_ends_at.astimezone(house.zone):%Y-%m-%d}")
    if box.trouble:
        lines.append(f"  To try it:   {program()} mailbox test {box.name}")
    return lines


def _state(box: "Health", row: "MailboxState | None") -> str:
    if row is None or box.trouble == "gone":
        return "no process reads it"
    if box.trouble == "failing":
        return "cannot be read" + (f", tried {row.failures:,} times" if row.failures > 1 else "")
    if box.trouble == "silent":
        return "its reader does not come to an end"
    return {"idle": "read; the server tells of new mail", "poll": "read; asked now and then"}.get(
        row.mode, "being read"
    )


def _as_json(box: "Health", row: "MailboxState | None") -> dict[str, Any]:
    def at(moment: datetime | None) -> str | None:
        return moment.isoformat() if moment else None

    return {
        "name": box.name,
        "trouble": "gone" if row is None else box.trouble,
        "unread": box.unread,
        "mode": row.mode if row else "",
        "seen_at": at(row.seen_at) if row else None,
        "last_success": at(box.since),
        "failures": row.failures if row else 0,
        "last_error": row.last_error if row else "",
        "last_error_at": at(row.last_error_at) if row else None,
        "waiting": box.waiting,
        "taken": box.taken,
        "unfetchable": row.unfetchable if row else 0,
        "unmovable": row.unmovable if row else 0,
        "refused": row.refused if row else 0,
        "refused_why": row.refused_why if row else "",
        "start_at": at(row.start_at) if row else None,
        "token_ends_at": at(box.token_ends_at),
        "days_left": box.days_left,
    }
