"""A real Dovecot mailbox in production: IDLE, restarts, OAuth2, a start from now, commands, letters about trouble."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from store.tables import MailboxState, Outbox
from tests.e2e.world import assert_ledger, mail, outcomes, text_of
from tests.peers.desk import STAFF, Desk
from tests.peers.token_server import TokenServer
from tests.servers import Dovecot, wait_for

pytestmark = pytest.mark.peer

MAILBOX = """
[[mailbox]]
name = "service"
host = "127.0.0.1"
port = {port}
tls = "none"
user = "desk"
idle_minutes = 14
poll_seconds = 840
"""
PASSWORD = MAILBOX + 'password = "pw"\n'
TOKEN = MAILBOX + 'auth = "oauth2"\nclient_id = "sample"\ntoken_url = "{token_url}"\n'


def sample(number: int) -> bytes:
    """A mail of a person of its own."""
    return bytes(mail(f"m{number}@customer.test", f"Sample {number}"))


def listed(desk: Desk) -> dict[str, Any]:
    """What `postdesk mailbox list --json` says of the mailbox."""
    found: dict[str, Any] = json.loads(desk.run("mailbox", "list", "--json"))
    return found


def waits_in_idle(desk: Desk) -> None:
    """Until the reader waits for the server."""

    def idles() -> bool:
        with desk.database.reading() as session:
            row = session.get(MailboxState, "service")
            return row is not None and row.mode == "idle"

    wait_for(idles, f"IDLE\n{desk.log()}", 60)


def moved(dovecot: Dovecot, count: int) -> None:
    """Wait until so many mails are in Processed and none is left where they came in."""
    wait_for(lambda: len(dovecot.mails("Processed")) == count and not dovecot.mails(), f"{count} processed mails", 60)


def assert_each_once(desk: Desk, count: int) -> None:
    """Each mail has one ticket, and the ledger is right."""
    desk.wait_handled(count)
    assert [kind for kind, _ in outcomes(desk)] == ["opened"] * count
    assert_ledger(desk)


def test_mail_comes_by_idle_through_restarts_of_both() -> None:
    """No poll is due for a quarter of an hour: each mail is told by the server, or found after a new connection."""
    with Dovecot() as dovecot, Desk(("imap", "work"), extra=PASSWORD.format(port=dovecot.port)) as desk:
        waits_in_idle(desk)
        dovecot.put(sample(1))
        moved(dovecot, 1)
        dovecot.stop()
        dovecot.start()
        dovecot.put(sample(2))
        moved(dovecot, 2)
        waits_in_idle(desk)
        dovecot.kill_sessions()
        dovecot.put(sample(3))
        moved(dovecot, 3)
        assert desk.stop() == 0
        dovecot.put(sample(4))
        desk.start()
        moved(dovecot, 4)
        waits_in_idle(desk)
        desk.kill()
        dovecot.put(sample(5))
        desk.start()  # the lease of the process that was killed keeps nobody waiting
        moved(dovecot, 5)
        waits_in_idle(desk)
        assert "read; the server tells of new mail" in desk.run("mailbox", "list")
        assert_each_once(desk, 5)


@pytest.mark.attack(89)
def test_the_folder_is_made_anew_while_the_desk_runs() -> None:
    """UIDVALIDITY changes under our feet: what is in the new folder is taken, once."""
    with Dovecot() as dovecot:
        dovecot.put(sample(1), folder="Desk")
        extra = PASSWORD.format(port=dovecot.port).replace("= 14", "= 0.02") + 'folder = "Desk"\n'
        with Desk(("imap", "work"), extra=extra) as desk:
            wait_for(lambda: len(dovecot.mails("Processed")) == 1, "the first mail", 60)
            waits_in_idle(desk)
            with dovecot.client() as client:
                client.delete_folder("Desk")
                client.create_folder("Desk")
                client.append("Desk", sample(2))
            wait_for(lambda: len(dovecot.mails("Processed")) == 2, f"the second mail\n{desk.log()}", 60)
            assert_each_once(desk, 2)


def test_a_start_from_now() -> None:
    """Old mails stay, by the settings for the first visit, and later by a command while the desk runs."""
    with Dovecot() as dovecot:
        dovecot.put(sample(1), sample(2))
        extra = PASSWORD.format(port=dovecot.port) + 'start = "now"\n'
        with Desk(("imap", "work"), extra=extra) as desk:
            waits_in_idle(desk)
            dovecot.put(sample(3))
            wait_for(lambda: len(dovecot.mails("Processed")) == 1, "the new mail", 60)
            assert "Takes:       what came after" in desk.run("mailbox", "list")
            assert desk.stop() == 0
            dovecot.put(sample(4))
            assert "About 3 mails in INBOX stay" in desk.run("mailbox", "start-from-now", "service", "--yes")
            desk.start()
            waits_in_idle(desk)
            dovecot.put(sample(5))
            wait_for(lambda: len(dovecot.mails("Processed")) == 2, "the newest mail", 60)
            assert len(dovecot.mails()) == 3
            assert_each_once(desk, 2)


def test_tokens_by_client_credentials() -> None:
    """A token opens the mailbox; one that was taken back is replaced; a secret that ended is told in words."""
    with TokenServer() as tokens, Dovecot(introspection=tokens.introspection) as dovecot:
        extra = TOKEN.format(port=dovecot.port, token_url=tokens.token_url)
        extra += f'client_secret = "{tokens.secret}"\nsecret_ends = "2099-05-01"\n'
        with Desk(("imap", "work"), extra=extra) as desk:
            waits_in_idle(desk)
            dovecot.put(sample(1))
            moved(dovecot, 1)
            tokens.good.clear()
            dovecot.kill_sessions()
            dovecot.put(sample(2))
            moved(dovecot, 2)
            assert "It works: 0 mails in INBOX" in desk.run("mailbox", "test", "service")
            assert "2099-05-01" in desk.run("mailbox", "list")
            asked = len(tokens.asked)
            tokens.secret = "another"
            said = desk.run("mailbox", "test", "service", code=69)
            assert "The client secret has ended. Make a new one in the app registration" in said
            tokens.good.clear()
            dovecot.kill_sessions()
            wait_for(lambda: len(tokens.asked) > asked + 1, "another question", 60)
            wait_for(lambda: "client secret has ended" in listed(desk)["last_error"], "the words", 60)
            assert "se~cret" not in desk.log() + said
            assert "token-" not in desk.log() + said
            assert_each_once(desk, 2)


def test_a_token_that_the_server_refuses() -> None:
    """It is for another mailbox: the words say where to look."""
    with TokenServer() as tokens, Dovecot(introspection=tokens.introspection) as dovecot:
        tokens.user = "somebody"
        extra = TOKEN.format(port=dovecot.port, token_url=tokens.token_url) + f'client_secret = "{tokens.secret}"\n'
        with Desk(("work",), extra=extra) as desk:
            said = desk.run("mailbox", "test", "service", code=69)
    assert "the server refuses the sign-in" in said
    assert "token-" not in said


def test_a_refresh_token_that_is_replaced_is_there_after_a_restart(tmp_path: Path) -> None:
    """The provider ends the old one with each answer: without the file the second start would fail."""
    file = tmp_path / "refresh"
    with TokenServer(rotates=True) as tokens, Dovecot(introspection=tokens.introspection) as dovecot:
        file.write_text(tokens.refresh_token)
        file.chmod(0o600)
        extra = TOKEN.format(port=dovecot.port, token_url=tokens.token_url)
        extra += f'client_secret = "{tokens.secret}"\nrefresh_token_file = "{file}"\n'
        with Desk(("imap", "work"), extra=extra) as desk:
            waits_in_idle(desk)
            assert file.read_text().strip() == tokens.refresh_token != "refresh-1"
            assert desk.stop() == 0
            dovecot.put(sample(1))
            desk.start()
            moved(dovecot, 1)
            assert_each_once(desk, 1)


def test_words_for_a_wrong_password_and_a_wrong_port() -> None:
    """What `mailbox test` says helps; a name that there is not is told as well."""
    with Dovecot() as dovecot, Desk(("work",), extra=MAILBOX.format(port=dovecot.port) + 'password = "no"\n') as desk:
        said = desk.run("mailbox", "test", "service", code=69)
        assert "Look at user and password" in said
        dovecot.stop()
        assert "Nobody answers" in desk.run("mailbox", "test", "service", code=69)
        assert "Choose from: service." in desk.run("mailbox", "test", "wrong", code=64)
        assert "no process reads it" in desk.run("mailbox", "list")


def test_staff_and_page_say_that_a_mailbox_is_not_read() -> None:
    """The letter goes out by the relay, once; the page says it to everybody, and why to nobody but staff."""
    with Dovecot() as dovecot, Desk(("imap", "work"), extra=PASSWORD.format(port=dovecot.port)) as desk:
        waits_in_idle(desk)
        assert desk.stop() == 0
        long_ago = datetime.now(UTC) - timedelta(hours=1)
        with desk.database.transaction() as session:
            session.execute(update(MailboxState).values(last_success=long_ago, seen_at=long_ago))
        desk.run("timers", "run", "mailboxes")
        desk.run("timers", "run", "mailboxes")
        desk.start("deliver", "portal")
        (letter,) = desk.letters(STAFF, wanted=1)
        assert letter["Subject"] == "[Mail] The mailbox service is not read"
        assert "No process reads it." in text_of(letter)
        page = httpx2.get(desk.url, timeout=20).text
        assert "A mailbox is not read" in page
        assert "role imap" not in page
        assert desk.stop() == 0
        desk.start("imap", "work", "deliver")
        waits_in_idle(desk)
        desk.run("timers", "run", "mailboxes")
        letters = desk.letters(STAFF, wanted=2)
        assert letters[1]["Subject"] == "[Mail] The mailbox service is read again"
        with desk.database.reading() as session:
            assert session.query(Outbox).count() == 2
