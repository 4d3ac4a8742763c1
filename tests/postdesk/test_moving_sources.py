"""Where old mail is moved in from: Maildirs with sub-folders, mbox files, gzip, a mailbox over IMAP, real mails."""

import gzip
import mailbox
import os
import socket
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from postdesk import cli, mailboxes, moving_imap
from postdesk.moving_source import Found, LeftOut, find, read
from postdesk.settings_in import Mailbox
from postdesk.wiring import House
from store.tables import ReceivedMail
from tests.gateway.hostile_imap import DONE, Answer, hostile_imap, says
from tests.postdesk.moving_world import ANN, BOB, CONVERSATION, Moved, mail
from tests.servers import Dovecot

CORPORA = Path(os.environ.get("CORPORA") or Path(__file__).parents[3] / "shared" / "corpora")
LIMIT = 1024 * 1024


def found(tmp_path: Path, *sources: Path) -> list[Found | LeftOut]:
    """All that is found."""
    work = tmp_path / "unpacked"
    work.mkdir(exist_ok=True)
    return list(find(list(sources), work))


def bytes_of(one: Found | LeftOut) -> bytes:
    """A mail's bytes."""
    assert isinstance(one, Found), one
    return read(one, LIMIT)


def test_a_maildir_with_sub_folders(tmp_path: Path) -> None:
    """Those of Maildir++ and those of folders in folders; what a server keeps beside the mails is none."""
    box = mailbox.Maildir(tmp_path / "Maildir", create=True)
    box.add(b"From: a@b.test\n\none\n")
    box.add_folder("Archive.2019").add(b"From: a@b.test\n\ntwo\n")
    (tmp_path / "Maildir" / "Customers").mkdir()
    mailbox.Maildir(tmp_path / "Maildir" / "Customers" / "Ann", create=True).add(b"From: a@b.test\n\nthree\n")
    (tmp_path / "Maildir" / "dovecot-uidlist").write_text("3 V1")
    mails = found(tmp_path, tmp_path / "Maildir")
    words = sorted(bytes_of(one).split()[-1] for one in mails if isinstance(one, Found))
    assert words == [b"one", b"three", b"two"]
    assert all(one.at and one.at > 1e9 for one in mails if isinstance(one, Found))


MBOX = (
    b"From ann@customer.test Mon Nov 23 12:00:00 2026\nFrom: a@b.test\nSubject: one\n\n"
    b">From the start it jams.\n>>From here too.\n\nFrom Monday on, 10:30, it is shut.\nFrom now on\n\n"
    b"From MAILER-DAEMON Tue Nov 24 08:15:00 2026 +0100\nFrom: c@d.test\nSubject: two\n\nlast\n"
)


@pytest.mark.parametrize("packed", [False, True])
def test_an_mbox(tmp_path: Path, packed: bool) -> None:
    """Mails begin at real “From ” lines; quoted ones lose their mark; a packed one is read alike; times are kept."""
    file = tmp_path / ("box.mbox.gz" if packed else "box")
    file.write_bytes(gzip.compress(MBOX) if packed else MBOX)
    one, two = found(tmp_path, file)
    assert bytes_of(one).endswith(
        b"\n\nFrom the start it jams.\n>From here too.\n\nFrom Monday on, 10:30, it is shut.\nFrom now on\n\n"
    )
    assert bytes_of(two) == b"From: c@d.test\nSubject: two\n\nlast\n"
    assert [one.place, two.place] == [f"{file}#1", f"{file}#2"]
    assert isinstance(one, Found)
    assert one.at == 1795435200.0


def test_a_folder_of_a_mail_program(tmp_path: Path) -> None:
    """Mbox files without an ending, single mails, and what is left out with its reason."""
    folder = tmp_path / "Mail"
    (folder / "Archive.sbd").mkdir(parents=True)
    (folder / "Inbox").write_bytes(MBOX)
    (folder / "Inbox.msf").write_bytes(b"index")
    (folder / "Archive.sbd" / "2019").write_bytes(MBOX)
    (folder / "one.eml.gz").write_bytes(gzip.compress(mail(ANN)))
    (folder / "broken.gz").write_bytes(gzip.compress(mail(ANN))[:40])
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    mails = found(tmp_path, folder)
    assert sum(isinstance(one, Found) for one in mails) == 5
    left = {Path(one.place).name: one.why for one in mails if isinstance(one, LeftOut)}
    assert set(left) == {"Inbox.msf", "photo.jpg", "broken.gz"}
    assert "gzip" in left["broken.gz"]


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the collection of real mails is not here")
def test_real_mails_each_have_a_fate(moved: Moved, tmp_path: Path) -> None:
    """Hundreds of mails of real people and machines, as a Maildir: none is lost, none breaks the run."""
    box = tmp_path / "real"
    for part in ("cur", "new", "tmp"):
        (box / part).mkdir(parents=True)
    files = sorted(CORPORA.glob("*.eml"))
    for number, file in enumerate(files):
        (box / "cur" / f"1500000000.{number}.host:2,S").symlink_to(file)
    summary = moved.run(box)
    assert len(files) == sum(summary.fates.values()) == summary.mails + summary.fates["left out"]
    assert summary.fates["left out"] <= 3  # a text, a note, and a file of Outlook
    assert summary.failed == 0
    assert summary.tickets > 100


@pytest.mark.peer
def test_a_mailbox_over_imap(moved: Moved, config: Path) -> None:
    """Read and left as it is: nothing is moved, marked or deleted; a second run takes nothing."""
    with Dovecot() as dovecot:
        dovecot.put(*CONVERSATION, mail(BOB, "Phone"), folder="Archive")
        with config.open("a", encoding="utf-8") as file:
            file.write(
                f'\n[[mailbox]]\nname = "old"\nhost = "127.0.0.1"\nport = {dovecot.port}\ntls = "none"\n'
                'user = "desk"\npassword = "pw"\n'
            )
        runner = CliRunner()
        cli.load_commands()
        call = ["--config", str(config), "move", "in", "--imap", "old", "--folder", "Archive"]
        done = runner.invoke(cli.app, call)
        assert done.exit_code == 0, done.output
        assert "6 mails in 2 threads: 2 new tickets" in done.output
        assert "6  were here already" in runner.invoke(cli.app, call).output
        assert len(dovecot.mails("Archive")) == 6
        with dovecot.client() as client:
            client.select_folder("Archive", readonly=True)
            assert client.search("UNSEEN") == client.search("ALL")
        missing = runner.invoke(cli.app, [*call[:-1], "Nowhere"])
        assert missing.exit_code == 74
        assert "has no folder Nowhere" in missing.output
    assert set(moved.all(select(ReceivedMail.source))) == {"imap"}
    assert set(moved.all(select(ReceivedMail.peer))) == {"old/Archive"}


def fetch(connection: socket.socket, tag: bytes, line: bytes) -> None:
    """Mail 2 is larger than anything may be, and says so; of 3 and 4 the sizes are wrong, and 4 is too large."""
    sizes = {1: 20, 2: 2 << 30, 3: 20, 4: 20, 5: 20}
    bodies = {1: 20, 2: 2 << 30, 3: 4 << 20, 4: 2 << 30, 5: 20}
    for uid in map(int, line.split()[3].split(b",")):
        if b"RFC822.SIZE" in line:
            connection.sendall(b"* %d FETCH (UID %d RFC822.SIZE %d)\r\n" % (uid, uid, sizes[uid]))
        elif b"INTERNALDATE" not in line:
            connection.sendall(b"* %d FETCH (UID %d BODY[] {%d}\r\n" % (uid, uid, bodies[uid]))
            connection.sendall(mail(ANN, f"No {uid}").ljust(min(bodies[uid], 5 << 20))[: bodies[uid]] + b")\r\n")
    connection.sendall(tag + b" OK done\r\n")


def test_a_mail_that_is_too_large_or_has_a_wrong_size(house: House, tmp_path: Path) -> None:
    """It does not end the look: all others come, a small one in spite of its size, and the others are named."""
    examine = says(b"* 5 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\nTAG OK [READ-ONLY]\r\n")
    with hostile_imap(EXAMINE=examine, SEARCH=says(b"* SEARCH 1 2 3 4 5\r\n" + DONE)) as server:
        answer: Answer = lambda connection, tag: fetch(connection, tag, server.seen[-1])  # noqa: E731
        server.answers |= {b"FETCH": answer, b"SIZE": answer}
        box = Mailbox(name="old", host="127.0.0.1", port=server.server_address[1], tls="none", user="d")
        got = list(moving_imap.find(mailboxes.config(box, house.settings), None, "INBOX", tmp_path))
    assert [(one.place, getattr(one, "length", None), getattr(one, "mail", None)) for one in got] == [
        ("old/INBOX/1", 20, None),
        ("old/INBOX/2", None, True),
        ("old/INBOX/3", 4 << 20, None),
        ("old/INBOX/4", None, True),
        ("old/INBOX/5", 20, None),
    ]
    assert not any(b"STORE" in line or b"SELECT" in line for line in server.seen)


def test_the_folder_is_opened_for_reading_only(house: House) -> None:
    """Settings that name the folder as the one for what is done are no obstacle: nothing is moved."""
    box = Mailbox(name="old", host="localhost", tls="none", user="desk", folder="INBOX", processed="Archive")
    chosen = mailboxes.config(box, house.settings)
    with pytest.raises(OSError):  # noqa: PT011 - whatever the system says: nobody listens there
        list(moving_imap.find(chosen, None, "Archive", house.loaded.home))


def test_commands(config: Path, tmp_path: Path) -> None:
    """In, list, undo; what is asked for wrongly is said."""
    runner = CliRunner()
    cli.load_commands()
    box = tmp_path / "box"
    box.write_bytes(MBOX)

    def run(*words: str, code: int = 0) -> str:
        done = runner.invoke(cli.app, ["--config", str(config), "move", *words])
        assert done.exit_code == code, done.output
        return done.output

    assert "Nothing was moved in yet." in run("list")
    assert "Nothing was changed." in run("in", str(box), "--dry-run", "--report", str(tmp_path / "dry.csv"))
    said = run("in", str(box))
    number = said.split("postdesk move undo ")[1].split()[0]
    assert number in run("list")
    assert not said.startswith("\n")  # nothing is drawn where there is no terminal
    assert "There is no move 1." in run("undo", "1", "--yes", code=66)
    asked = run("undo", "1", code=66)
    assert "There is no move 1." in asked
    assert "Take back" not in asked
    assert "Gone: 2 tickets, 2 mails, 2 contacts." in run("undo", number, "--yes")
    assert "Nothing was moved in yet." in run("list")
    assert "There is no such file or folder: /nonexist." in run("in", str(box), "/nonexist", code=66)
    assert "Name files or folders" in run("in", code=64)
    assert "There is no state" in run("in", str(box), "--state", "old", code=64)
    assert "no mailbox 'x'" in run("in", "--imap", "x", code=64)
