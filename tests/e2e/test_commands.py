"""The command line, as an operator uses it: list, show, replay, decide, import, deliver, explain, check."""

import hashlib
import json
import mailbox
import re
import shlex
from collections import Counter
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import func, select

from postdesk import demo_mails
from store.tables import ReceivedMail
from tests.e2e.world import CHECKOUT, Shell, assert_ledger, mail, outcome_of, outcomes, send
from tests.peers.desk import DESK, Desk
from tests.servers import free_port


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A sample desk that is set up once and not running; tests only add mail."""
    return Shell(tmp_path_factory.mktemp("desk")).init()


@pytest.fixture
def shell(made: Shell, tmp_path: Path) -> Shell:
    """A desk of the test's own, copied from the one that was made."""
    for file in made.folder.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
            (tmp_path / file.name).chmod(file.stat().st_mode & 0o777)
    return Shell(tmp_path)


def accepted(shell: Shell) -> int:
    """Mails that are durable."""
    database = shell.database()
    try:
        with database.reading() as session:
            return session.scalar(select(func.count()).select_from(ReceivedMail)) or 0
    finally:
        database.close()


def test_a_held_mail_is_released_after_mending_the_cap() -> None:
    """list, show and replay: a dry run changes nothing, a replay opens the ticket once, and never a second time."""
    with Desk(("smtp", "work"), settings={"CAPS__NEW_TICKETS_PER_SENDER_2H": "1"}) as desk:
        send(desk.smtp, mail("Ann <ann@customer.test>", "The first"))
        desk.wait_handled(1)
        send(desk.smtp, mail("Ann <ann@customer.test>", "The second"))
        desk.wait_handled(2)
        first, second = desk.dispositions()
        assert (first.kind, second.kind, second.rule) == ("opened", "held", "flood")
        held = str(second.received_id)
        (row,) = [json.loads(line) for line in desk.run("mail", "list", "--kind", "held", "--json").splitlines()]
        assert (row["id"], row["subject"], row["became"]) == (second.received_id, "The second", "held")
        shown = desk.run("mail", "show", held)
        assert "Became:    held (rule flood)" in shown
        assert "The sender opened as many tickets within two hours as one may: 1." in shown
        assert desk.run("mail", "show", held, "--raw").count("Subject: The second") == 1

        before = desk.ledger()
        desk.stop()
        desk.environment["POSTDESK_CAPS__NEW_TICKETS_PER_SENDER_2H"] = "20"
        desk.start()
        assert "Would be:    opened" in desk.run("mail", "replay", held, "--dry-run")
        assert desk.ledger() == before

        assert "Became:    opened on T" in desk.run("mail", "replay", held)
        assert "Earlier:   held: The sender opened as many tickets" in desk.run("mail", "show", held)
        assert [kind for kind, _ in outcomes(desk)] == ["opened", "opened"]
        said = desk.run("mail", "replay", held, code=65)
        assert f"Mail {held} was opened already; a replay would do it twice." in said
        assert_ledger(desk)


def test_held_mail_is_decided_by_its_printed_commands() -> None:
    """What `mail held` prints can be typed: a new ticket, a note on one, put away; then nothing waits."""
    with Desk(("smtp", "work"), settings={"CAPS__NEW_TICKETS_PER_SENDER_2H": "1"}) as desk:
        send(desk.smtp, *(mail("Ann <ann@customer.test>", f"Mail {n}") for n in range(5)))
        desk.wait_handled(5)
        ((_, number),) = [row for row in outcomes(desk) if row[0] == "opened"]
        assert "4 mails (rule flood)" in desk.run("mail", "held")
        rows = [json.loads(line) for line in desk.run("mail", "held", "--json").splitlines()]
        assert [row["subject"] for row in rows] == ["Mail 1", "Mail 2", "Mail 3", "Mail 4"]
        typed = [{action["action"]: action["command"] for action in row["actions"]} for row in rows]
        config = str(desk.folder / "postdesk.toml")

        def paste(command: str, code: int = 0) -> str:
            words = shlex.split(command.replace("NUMBER", number))
            assert words[:3] == ["postdesk", "--config", config]
            return desk.run(*words[3:], code=code)

        assert re.search(r"is now ticket T\d{8}\.0002\.", paste(typed[0]["accept"]))
        assert paste(typed[1]["attach"]).strip() == f"Mail {rows[1]['id']} is now on ticket {number}."
        assert f"Mail {rows[2]['id']} is put away." in paste(typed[2]["discard"])
        assert "is not held: it was discarded at" in paste(typed[2]["discard"], code=65)
        assert "is not held: it was opened on T" in paste(typed[0]["discard"], code=65)
        assert "is put away." in desk.run("mail", "discard", "--rule", "flood", "--yes")
        assert "No mail waits for you." in desk.run("mail", "held")
        assert_ledger(desk)
        assert Counter(kind for kind, _ in outcomes(desk)) == {"opened": 2, "noted": 1, "ignored": 2}
        assert re.search(r"is now ticket T\d{8}\.0003\.", paste(typed[3]["accept"]))
        assert_ledger(desk)


def test_tickets_are_listed_and_shown(shared: Desk) -> None:
    """ticket list has the newest first, ticket show the history; a number that does not exist is exit code 66."""
    send(shared.smtp, mail("Lia <lia@customer.test>", "Listed ticket", "Words of the listed ticket.\n"))
    (letter,) = shared.letters("lia@customer.test", wanted=1)
    number = str(letter["X-Ticket"])
    rows = [json.loads(line) for line in shared.run("ticket", "list", "--json").splitlines()]
    assert (number, "New", "Listed ticket") in [(row["number"], row["status"], row["title"]) for row in rows]
    assert re.search(rf"{re.escape(number)}\s+New\s.*\sListed ticket", shared.run("ticket", "list"))
    assert "Words of the listed ticket." in shared.run("ticket", "show", number.lower())
    assert "There is no ticket T19990101.0001." in shared.run("ticket", "show", "T19990101.0001", code=66)


def test_import_of_file_maildir_and_mbox_goes_on_where_it_was(shell: Shell) -> None:
    """Each mail once, however often the command runs and whatever is added between; flags of a Maildir may change."""
    single = shell.folder / "one.eml"
    single.write_bytes(bytes(mail("i1@customer.test", "A file")))
    maildir = mailbox.Maildir(shell.folder / "Maildir")
    key = maildir.add(bytes(mail("i2@customer.test", "In a Maildir")))
    box = mailbox.mbox(shell.folder / "box.mbox")
    box.add(bytes(mail("i3@customer.test", "In an mbox", "From here on\n>From there\n")))
    box.close()
    sources = ("one.eml", "Maildir", "box.mbox")
    assert "3 taken in, 0 were here already, 0 could not be taken." in shell.run("import", *sources)

    seen = maildir[key]
    seen.set_subdir("cur")
    seen.add_flag("S")
    maildir[key] = seen
    box = mailbox.mbox(shell.folder / "box.mbox")
    box.add(bytes(mail("i4@customer.test", "Added later")))
    box.close()
    assert "1 taken in, 3 were here already, 0 could not be taken." in shell.run("import", *sources)
    assert "0 taken in, 4 were here already, 0 could not be taken." in shell.run("import", *sources)
    said = shell.run("import", "one.eml", "not-there.eml", code=65)
    assert "0 taken in, 1 were here already, 1 could not be taken." in said
    assert accepted(shell) == 4


def test_imported_mail_becomes_tickets() -> None:
    """What import took in before the start is handled by the running desk."""
    with Desk(("smtp", "work")) as desk:
        file = desk.folder / "old.eml"
        file.write_bytes(bytes(mail("Ida <ida@customer.test>", "From the old system")))
        desk.run("import", str(file))
        desk.wait_handled(1)
        assert [found.kind for found in outcome_of(desk, "ida@customer.test")] == ["opened"]


MAIL = bytes(mail("Pia <pia@customer.test>", "By a pipe"))


@pytest.mark.parametrize(
    "words, stdin, code",
    [
        (("--to", DESK, "--from", "pia@customer.test"), MAIL, 0),
        ((), MAIL, 0),  # no envelope at all, as from procmail: the header decides
        (("--to", DESK), b"From pia@customer.test Mon Nov 23 10:00:00 2026\n" + MAIL, 0),
        (("--to", "nobody@desk.test"), MAIL, 67),  # EX_NOUSER
        (("--to", DESK), MAIL + b"x" * 2_000_000, 65),  # EX_DATAERR: larger than mail.max_mb
        (("--to", "no address"), MAIL, 65),
    ],
)
def test_deliver_answers_by_exit_code(shell: Shell, words: tuple[str, ...], stdin: bytes, code: int) -> None:
    """A pipe delivery tells the mail server what to do next, as sysexits.h has it."""
    shell.environment["POSTDESK_MAIL__MAX_MB"] = "1"
    said = shell.run("deliver", *words, stdin=stdin, code=code)
    assert "Traceback" not in said
    assert accepted(shell) == (code == 0)


def test_deliver_asks_to_try_again_when_it_cannot_store(shell: Shell) -> None:
    """A database that is away, one that is no database, settings that cannot be read: 75 (EX_TEMPFAIL) each."""
    right = dict(shell.environment)
    shell.environment["POSTDESK_DATABASE__URL"] = f"postgresql+psycopg://desk@127.0.0.1:{free_port()}/none"
    assert "Traceback" not in shell.run("deliver", "--to", DESK, stdin=MAIL, code=75)
    shell.environment = {**right, "POSTDESK_SMTP__PORT": "many"}
    shell.run("deliver", "--to", DESK, stdin=MAIL, code=75)
    shell.environment = right
    for name in ("desk.db-wal", "desk.db-shm"):
        (shell.folder / name).unlink(missing_ok=True)
    (shell.folder / "desk.db").write_bytes(b"this is no database" * 1000)
    assert "Traceback" not in shell.run("deliver", "--to", DESK, stdin=MAIL, code=75)


def test_three_errors_in_the_settings_are_told_at_once(shell: Shell) -> None:
    """Each with its file and key; the value, which may be a secret, is not repeated."""
    with shell.config.open("a") as file:
        file.write('[smtp]\nprot = 25\n[mail]\nmax_mb = -3\n[database]\nurl = "mysql://root:hunter2@db/desk"\n')
    said = shell.run("serve", code=78)
    assert f"{shell.config}: smtp.prot: there is no such setting; known here: enabled, host, port" in said
    assert f"{shell.config}: mail.max_mb: " in said
    assert f"{shell.config}: database.url: must begin with sqlite:/// or postgresql+psycopg://" in said
    assert "hunter2" not in said
    assert "Traceback" not in said


def test_check_names_every_fault(shell: Shell) -> None:
    """A set-up that is right is said to be well; a broken one gets a line for each fault, and exit code 78."""
    assert "All is well." in shell.run("check")
    (shell.folder / "secret.key").chmod(0o644)
    shell.environment["POSTDESK_DATABASE__URL"] = f"postgresql+psycopg://desk@127.0.0.1:{free_port()}/none"
    shell.environment |= {"POSTDESK_RELAY__MODE": "smtp", "POSTDESK_RELAY__HOST": "127.0.0.1"}
    shell.environment |= {"POSTDESK_RELAY__PORT": str(free_port()), "POSTDESK_RELAY__TLS": "none"}
    said = shell.run("check", code=78)
    faults = [line.split(":")[0] for line in said.splitlines() if line.startswith("FAULT")]
    assert faults == ["FAULT signing keys", "FAULT database", "FAULT outgoing mail"]
    assert "run: chmod 600" in said
    assert "staff: not tried, for the same reason as database" in said
    assert "3 of these must be mended." in said


def explained(folder: Path) -> tuple[Path, EmailMessage]:
    """A mail in a file."""
    message = demo_mails.first("Jane Doe <jane@customer.test>", DESK)
    file = folder / "asked.eml"
    file.write_bytes(bytes(message))
    return file, message


def test_explain_saves_the_right_bytes_without_any_settings(tmp_path: Path) -> None:
    """Without a desk a mail is read all the same, and --save writes each attachment as it was sent."""
    file, _ = explained(tmp_path)
    said = Shell(tmp_path).run("explain", "--json", "--save", "out", str(file), bare=True)
    answer = json.loads(said)
    assert answer["from"] == {"name": "Jane Doe", "address": "jane@customer.test"}
    assert "decision" not in answer
    expected = {"display.png": demo_mails.photo(), "contract.pdf": demo_mails.pdf("Sample contract")}
    assert {item["name"] for item in answer["attachments"]} == set(expected)
    for item in answer["attachments"]:
        data = (tmp_path / item["path"]).read_bytes()
        assert data == expected[item["name"]]
        assert item["sha256"] == hashlib.sha256(data).hexdigest()
    assert not (tmp_path / "var").exists()
    assert CHECKOUT not in tmp_path.parents


def test_explain_with_a_desk_tells_the_decision(shell: Shell) -> None:
    """With a desk the decision is there too, and nothing is written."""
    file, _ = explained(shell.folder)
    said = shell.run("explain", str(file))
    assert "Would be:    opened (rule new)" in said
    assert "Because:     It names no ticket: a new one." in said
    assert accepted(shell) == 0
    assert "no-such.eml" in shell.run("explain", str(file), "no-such.eml", code=66)
