"""Templates of an operator that reach for more than a letter, and customers who write like a template."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select

from store.tables import Outbox
from tests.attacks import relays
from tests.attacks.service import became, cost, hand_over
from tests.e2e.world import let_time_pass, letter_states, mail, send
from tests.gateway.scripted_smtp import Scripted
from tests.peers.common import wait_for
from tests.peers.desk import STAFF, Desk

GREEDY = {
    "globals": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "classes": "{{ ticket.__class__.__mro__[-1].__subclasses__()|length }}",
    "format": "{{ '{0.__class__.__init__.__globals__}'.format(ticket) }}",
    "password": "{{ requester.account.password_hash }}{{ user.password_hash }}",
    "context": "{{ self._TemplateReference__context }}",
    "times": "{{ ('a' * 200000000)|length }}",
    "loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}x",
    "power": "{{ (10**9999999)|string|length }}",
    "centred": "{{ 'a'.center(3000000000) }}",
}
# Runs a command, and says at the end how much memory it had at most, in KiB. It is small itself: after a fork
# the peak of the one that it was forked from counts as well (getrusage(2), ru_maxrss).
_MEASURED = (
    "import resource, subprocess, sys\n"
    "code = subprocess.run(sys.argv[1:]).returncode\n"
    "print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n"
    "sys.exit(code)"
)
LETTERS = ("received", "update", "new_ticket", "not_done", "merged", "reminder", "approval", "confirm", "done")
OUTSIDE = ("{% include '/etc/passwd' %}", "{% include '../../../../../../../../etc/passwd' %}")
WORDS = (
    "{{ 77077 * 91919 }}",
    "{% for a in range(10**8) %}x{% endfor %}",
    "${77077*91919}",
    "#{77077*91919}",
    "<%= 77077*91919 %>",
    "%(name)s",
)


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Desk, Scripted]]:
    """A desk and its relay, for all tests of this file."""
    with relays.relayed() as found:
        yield found


def wire(message: EmailMessage) -> bytes:
    """As it goes over the wire."""
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


def check(desk: Desk, folder: Path, letters: dict[str, str]) -> str:
    """What `postdesk check` says of the same settings with these letters; the running desk is to see none of them."""
    for name in ("postdesk.toml", "secret.key"):
        shutil.copy(desk.folder / name, folder)
    for kind, source in letters.items():
        (folder / "letters" / kind).mkdir(parents=True)
        (folder / "letters" / kind / "body.txt").write_text(source, encoding="utf-8")
    call = [sys.executable, "-m", "postdesk", "--config", str(folder / "postdesk.toml"), "check"]
    run = [sys.executable, "-c", _MEASURED, *call]
    done = subprocess.run(run, env=desk.environment, capture_output=True, timeout=120, check=False)
    said, _, peak = (done.stdout + done.stderr).decode().rpartition("peak ")
    assert done.returncode == 78, said
    assert int(peak) <= 400 * 1024, f"{int(peak) / 1024:.0f} MB"  # the command, and what a letter may take
    return said


@pytest.mark.attack(81)
def test_check_refuses_an_operators_templates(both: tuple[Desk, Scripted], tmp_path: Path) -> None:
    """`postdesk check` renders each letter of one's own, and names each that does one of these; nothing comes out."""
    said = check(both[0], tmp_path, dict(zip(LETTERS, GREEDY.values(), strict=True)))
    named = {kind for kind in LETTERS if f"letters/{kind}/body.txt" in said}
    assert named == set(LETTERS), said
    assert "root:" not in said
    assert "uid=" not in said


@pytest.mark.attack(81)
@pytest.mark.parametrize("source", OUTSIDE)
def test_no_template_includes_a_file_of_the_machine(both: tuple[Desk, Scripted], source: str, tmp_path: Path) -> None:
    """Neither by its path nor by the way up: for a letter there are templates, and nothing else."""
    assert "FAULT templates" in check(both[0], tmp_path, {"copy": source})


@pytest.mark.attack(81)
def test_words_of_a_customer_are_no_template(both: tuple[Desk, Scripted]) -> None:
    """In subject, name and text they go out as they came in."""
    desk, server = both
    for number, words in enumerate(WORDS):
        sender = f"w{number}@customer.test"
        received = hand_over(desk, wire(mail(f'"{words}" <{sender}>', f"{words} no{number}", f"{words}\n")), sender)
        assert became(desk, received).kind == "opened"
        letter = relays.read(relays.letter_to(server, f" no{number}".encode(), STAFF.encode()))
        assert letter["Subject"]
    everything = b"".join(server.mails)
    assert b"7084840763" not in everything
    for words in WORDS[2:]:
        assert words.encode() in everything or words.replace("<", "&lt;").encode() in everything
    with desk.database.reading() as session:
        kept = " ".join(map(str, session.scalars(select(Outbox.context))))
    assert "7084840763" not in kept


@pytest.mark.attack(81)
@pytest.mark.parametrize("greed", ["loops", "times", "power", "centred"])
def test_a_greedy_template_stops_its_own_letter_only(both: tuple[Desk, Scripted], greed: str) -> None:
    """In the running service: bounded time and memory, the letter fails where staff see it, the others go on."""
    desk, server = both
    desk.stop()
    own = desk.folder / "letters" / "received" / "body.txt"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(GREEDY[greed], encoding="utf-8")
    desk.start()
    with cost(desk, cpu=20, memory=120):
        before, failures = len(server.mails), letter_states(desk)["failed"]
        send(desk.smtp, mail(f"{greed}@customer.test", f"Greedy {greed}"))
        relays.letter_to(server, f"Greedy {greed}".encode(), STAFF.encode())

        def failed() -> bool:
            let_time_pass(desk.database)
            return letter_states(desk)["failed"] > failures

        wait_for(failed, "a letter that failed", 90)
    assert not [raw for raw in server.mails[before:] if f"\r\nTo: {greed}".encode() in raw]
    assert f"{greed}@customer.test" in desk.run("outbox", "list", "--state", "failed")
