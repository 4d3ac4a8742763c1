"""Hostile words in letters of ours: each stays in the field that it was meant for, and every line is one."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks import relays
from tests.attacks.service import became, hand_over
from tests.e2e.world import CHECKOUT, Shell
from tests.gateway.scripted_smtp import Scripted
from tests.peers.desk import STAFF, Desk

BCC = "Bcc: victim@elsewhere.test"
HOSTILE = {
    "encoded-crlf": "=?utf-8?q?hi=0D=0ABcc=3A_victim=40elsewhere.test?=",
    "encoded-lf": "=?utf-8?q?hi=0ABcc=3A_victim=40elsewhere.test?=",
    "encoded-cr": "=?utf-8?b?aGkNQmNjOiB2aWN0aW1AZWxzZXdoZXJlLnRlc3Q=?=",
    "twice-encoded": "=?utf-8?q?=3D=3Futf-8=3Fq=3Fhi=3D0D=3D0ABcc=3D3A_v=40elsewhere=2Etest=3F=3D?=",
    "nul": "=?utf-8?q?hi=00Bcc=3A_victim=40elsewhere.test?=",
    "separators": "=?utf-8?q?hi=0BBcc=3A_a=0CBcc=3A_b=1CBcc=3A_c=C2=85Bcc=3A_d=E2=80=A8Bcc=3A_e?=",
    "bidi": "=?utf-8?q?hi_=E2=80=AEgpj=2Eexe?=",
    "long": "=?utf-8?q?" + "=C3=A9" * 3000 + "?=",
    "one-word": "x" * 4000,
}


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Desk, Scripted]]:
    """A desk and its relay, for all tests of this file."""
    with relays.relayed() as found:
        yield found


def hostile(mark: str, value: str) -> bytes:
    """A mail with these words as its subject, as its sender's name and as the name of its file."""
    name = value if value.startswith("=?") else f'"{value}"'
    return (
        f"From: {name} <{mark}@customer.test>\r\nTo: service@desk.test\r\nSubject: {value}\r\n"
        f"Message-ID: <{mark}@customer.test>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
        f"Sample {mark}.\r\n--b\r\nContent-Type: text/plain\r\n"
        f'Content-Disposition: attachment; filename="{value}"\r\n\r\nbytes\r\n--b--\r\n'
    ).encode()


def heads(raw: bytes) -> list[bytes]:
    """The header block of a letter and those of its parts, as they went over the wire."""
    found = [raw.partition(b"\r\n\r\n")[0]]
    for boundary in re.findall(rb'boundary="([^"]+)"', raw):
        parts = raw.split(b"--" + boundary + b"\r\n")[1:]
        found += [part.partition(b"\r\n\r\n")[0] for part in parts]
    return found


@pytest.mark.attack(78)
@pytest.mark.parametrize("mark", HOSTILE)
def test_no_word_of_a_customer_becomes_a_field(both: tuple[Desk, Scripted], mark: str) -> None:
    """Subject, name and file name: no field more than we mean, none twice, no bare line end, no line too long."""
    desk, server = both
    assert became(desk, hand_over(desk, hostile(mark, HOSTILE[mark]), f"{mark}@customer.test")).kind == "opened"
    letters = [
        relays.letter_to(server, f"Sample {mark}.".encode(), STAFF.encode()),
        relays.letter_to(server, b"", f"{mark}@customer.test".encode()),
    ]
    for raw in letters:
        for head in heads(raw):
            names = relays.names_of(head)
            assert "bcc" not in names
            assert len(names) == len(set(names)), names
            assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", head)
        assert re.search(rb"(?<!\r)\n|\r(?!\n)", raw) is None
        assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert not [command for command in server.commands if "victim" in command]


@pytest.mark.attack(80)
def test_dots_and_bare_line_ends_are_text(both: tuple[Desk, Scripted]) -> None:
    """Look-alikes of the end of DATA, encoded so that they pass the listener, are still one letter at the relay."""
    desk, server = both
    dots = "one\r.\rMAIL FROM:<evil@attacker.test>\n.\ntwo\r\n.\r\nthree\r.\r\n.\rfour"
    quoted = dots.replace("\r", "=0D").replace("\n", "=0A")
    raw = (
        "From: dots@customer.test\r\nTo: service@desk.test\r\nSubject: Dots\r\nMessage-ID: <dots@customer.test>\r\n"
        "Date: Mon, 02 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
        f"Content-Transfer-Encoding: quoted-printable\r\n\r\n{quoted}\r\n"
    ).encode()
    before = len(server.mails)
    assert became(desk, hand_over(desk, raw, "dots@customer.test")).kind == "opened"
    letter = relays.letter_to(server, b"MAIL FROM:<evil@attacker.test>", STAFF.encode())
    relays.letter_to(server, b"", b"dots@customer.test")
    assert len(server.mails) == before + 2
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", letter) is None
    assert b"four" in letter
    assert not [command for command in server.commands if "evil@attacker.test" in command]


BAD_PYTHON = {
    "as_bytes": """
import email.message
plain = email.message.EmailMessage.as_bytes
def as_bytes(self, *args, **more):
    return plain(self, *args, **more).replace(b"hi Bcc:", b"hi\\r\\nBcc:")
email.message.EmailMessage.as_bytes = as_bytes
""",
    "raw_items": """
import email.message
plain = email.message.EmailMessage.raw_items
def raw_items(self):
    return [(name, value.replace("hi Bcc:", "hi\\r\\nBcc:")) for name, value in plain(self)]
email.message.EmailMessage.raw_items = raw_items
""",
}


def run_with(shell: Shell, bad: Path, *words: str) -> str:
    """What a command says on such a Python. It ends by itself, at fault."""
    environment = {**shell.environment, "PYTHONPATH": f"{bad}:{CHECKOUT}"}
    call = [sys.executable, "-m", "postdesk", "--config", str(shell.config), *words]
    done = subprocess.run(call, env=environment, cwd=shell.folder, capture_output=True, timeout=60, check=False)
    assert done.returncode == 78, done
    return (done.stdout + done.stderr).decode()


@pytest.mark.attack(78)
@pytest.mark.parametrize("way", BAD_PYTHON)
def test_a_python_that_lets_a_field_be_injected(tmp_path: Path, way: str) -> None:
    """`check` says so, and what sends letters does not start: both try it on this very Python."""
    tmp_path.chmod(0o700)
    shell = Shell(tmp_path).init()
    assert "All is well." in shell.run("check")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "sitecustomize.py").write_text(BAD_PYTHON[way], encoding="utf-8")
    words = "this Python lets a mail header be injected"
    assert words in run_with(shell, tmp_path / "bad", "check")
    said = run_with(shell, tmp_path / "bad", "serve", "--role", "deliver")
    assert words in said
    assert "Traceback" not in said
