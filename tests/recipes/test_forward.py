"""config/forward/: a mailbox at a shared host whose mail is Postdesk's, by .forward and by procmail."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from store.tables import ReceivedMail
from tests.e2e.world import mail, send, send_raw
from tests.peers.common import give, wait_for, worker
from tests.peers.desk import Desk
from tests.peers.unpacked import unpacked
from tests.recipes.recipe import deliver_script, recipe
from tests.servers import Postfix

ANN = "Ann <ann@customer.test>"
INSTALLED = "/usr/local/bin/postdesk-deliver"
# A shared host: its own domain is local, and a user has a .forward, which is looked for in one folder here.
SHARED = """
mydestination = host.test
local_recipient_maps =
virtual_mailbox_domains =
virtual_alias_maps = inline:{{service@desk.test=nobody@host.test}}
virtual_alias_domains = desk.test
forward_path = {folder}/$user$recipient_delimiter$extension, {folder}/$user
recipient_delimiter = +
mailbox_size_limit = 0
allow_mail_to_commands = alias, forward
"""
BOUNCE = (
    b"From: MAILER-DAEMON@relay.test\r\nTo: service@host.test\r\nSubject: Undelivered\r\nMessage-ID: <1@relay.test>\r\n"
    b"Auto-Submitted: auto-replied\r\n\r\nIt did not arrive.\r\n"
)


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A desk whose files belong to the user of the mailbox. `serve` is not needed to take mail."""
    with Desk(("work",)) as made:
        made.stop()
        config = made.folder / "postdesk.toml"
        text = config.read_text()
        one = "addresses = ["
        assert one in text
        config.write_text(text.replace(one, f'{one}{{ address = "nobody@host.test" }}, '))
        give(made.folder)
        yield made


@contextlib.contextmanager
def shared_host(folder: Path) -> Iterator[Postfix]:
    """A Postfix that runs what stands in the .forward of nobody."""
    with Postfix(recipe=SHARED.format(folder=folder)) as postfix:
        yield postfix


def taken(desk: Desk) -> list[tuple[str, tuple[str, ...]]]:
    """Reverse path and recipients of each mail that was taken."""
    with desk.database.reading() as session:
        found = session.scalars(select(ReceivedMail).order_by(ReceivedMail.id)).all()
        return [(row.reverse_path, tuple(row.recipients)) for row in found]


@pytest.mark.peer
def test_a_forward_file_hands_mail_over(desk: Desk) -> None:
    """Postfix runs the command of a real .forward as the user: sender and recipient are right, an empty sender too."""
    script = deliver_script(desk.folder, desk.folder / "postdesk.toml")
    (desk.folder / "nobody").write_text(recipe("forward/dot-forward", {INSTALLED: str(script)}))
    give(desk.folder)
    with shared_host(desk.folder) as postfix:
        send(postfix.port, mail(ANN, "By a forward", to="nobody@host.test"))
        send(postfix.port, mail(ANN, "By an alias", to="service@desk.test"))
        send(postfix.port, mail(ANN, "With a type", to="nobody+incident@host.test"))
        send_raw(postfix.port, BOUNCE, "", "nobody@host.test")
        wait_for(
            lambda: "Mail queue is empty" in postfix.queue(), f"an empty queue\n{postfix.queue()}{postfix.log()}", 60
        )
        assert sorted(taken(desk)) == [
            ("", ("nobody@host.test",)),
            ("ann@customer.test", ("nobody+incident@host.test",)),
            ("ann@customer.test", ("nobody@host.test",)),
            ("ann@customer.test", ("service@desk.test",)),
        ]
        assert postfix.mails() == []


@pytest.mark.peer
def test_a_forward_file_keeps_mail_while_the_program_is_away(desk: Desk) -> None:
    """As during an upgrade: Postfix keeps the mail, and tries again."""
    script = deliver_script(desk.folder, desk.folder / "postdesk.toml")
    (desk.folder / "nobody").write_text(recipe("forward/dot-forward", {INSTALLED: str(script)}))
    give(desk.folder)
    away = (desk.folder / "postdesk").rename(desk.folder / "away")
    with shared_host(desk.folder) as postfix:
        send(postfix.port, mail(ANN, "By a forward", to="nobody@host.test"))
        wait_for(lambda: "status=deferred" in postfix.log(), f"a deferred mail\n{postfix.log()}")
        away.rename(desk.folder / "postdesk")

        def empty() -> bool:
            postfix.flush()
            return "Mail queue is empty" in postfix.queue()

        wait_for(empty, f"an empty queue\n{postfix.log()}", 60)
        assert len(taken(desk)) == 1
        assert postfix.mails() == []


def handed_to(script: Path, *words: str, stdin: bytes = bytes(mail(ANN, "By hand"))) -> tuple[int, bytes, bytes]:
    """Run a program as a mail server would: as the user, in an empty environment, from the root folder."""
    who = worker()
    become = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
    done = subprocess.run(
        [script, *words], input=stdin, capture_output=True, env={}, cwd="/", timeout=60, check=False, **become
    )
    return done.returncode, done.stdout, done.stderr


def test_the_script_answers_for_the_mail_alone(desk: Desk) -> None:
    """0 and not a word when it is taken; 65 and 67 as Postdesk says; everything that is no answer to the mail is 75."""
    config = desk.folder / "postdesk.toml"
    script = deliver_script(desk.folder, config)
    assert handed_to(script, "--to=service@desk.test", "--from=ann@customer.test") == (0, b"", b"")
    assert handed_to(script, "--to=service@desk.test")[0] == 0  # the sender is read from the mail
    assert handed_to(script, "--to=service@desk.test", "--from=")[0] == 0
    assert handed_to(script, "--to=nobody@desk.test")[0] == 67
    assert handed_to(script, "--to=no address")[0] == 65
    assert handed_to(script, "--mistyped")[0] == 75
    config.rename(desk.folder / "kept")
    code, said, why = handed_to(script, "--to=service@desk.test")
    assert (code, said) == (75, b"")
    assert b"there is no such file" in why
    (desk.folder / "kept").rename(config)
    (desk.folder / "postdesk").write_text("#!/bin/sh\nkill -9 $$\n")
    assert handed_to(script, "--to=service@desk.test")[0] == 75
    (desk.folder / "postdesk").unlink()
    assert handed_to(script, "--to=service@desk.test")[0] == 75
    assert taken(desk) == [(path, ("service@desk.test",)) for path in ("ann@customer.test", "ann@customer.test", "")]


def test_what_is_made_is_for_the_user_alone(desk: Desk) -> None:
    """Whatever umask the mail server has: nobody else reads what a delivery wrote."""
    script = deliver_script(desk.folder, desk.folder / "postdesk.toml")
    before = os.umask(0)
    try:
        large = bytes(mail(ANN, "Large", "A line of text that is repeated.\n" * 40_000))
        assert handed_to(script, "--to=service@desk.test", stdin=large)[0] == 0
    finally:
        os.umask(before)
    kept = [path for path in (desk.folder / "blobs").rglob("*") if path.is_file()]
    assert kept
    assert [path for path in (*kept, desk.folder / "desk.db") if path.stat().st_mode & 0o077] == []


@pytest.mark.peer
def test_procmail_hands_mail_over(desk: Desk) -> None:
    """What is taken ends there; what is not is the mail server's to keep or to send back, and lies in no mailbox."""
    procmail = unpacked("procmail", "procmail")
    script = deliver_script(desk.folder, desk.folder / "postdesk.toml")
    with (desk.folder / "postdesk.toml").open("a") as config:
        config.write("[mail]\nmax_mb = 1\n")
    rc = desk.folder / "procmailrc"
    rc.write_text(recipe("forward/procmailrc", {INSTALLED: str(script)}))
    mailbox = desk.folder / "mailbox"
    give(desk.folder)

    def run(text: str) -> int:
        raw = b"From ann@customer.test Mon Nov 23 10:00:00 2026\n" + bytes(mail(ANN, "By procmail", text))
        return handed_to(procmail, f"DEFAULT={mailbox}", str(rc), stdin=raw)[0]

    assert run("Sample text.\n") == 0
    assert run("A line of text that is repeated.\n" * 40_000) == 65
    (desk.folder / "postdesk").unlink()
    assert run("Sample text.\n") == 75
    assert taken(desk) == [("ann@customer.test", ())]
    assert not mailbox.exists()
