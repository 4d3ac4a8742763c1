"""What `postdesk serve` prints when it starts: a first mail to copy, which is another mail each time."""

import io
import shlex
import subprocess
from email import message_from_string
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from gateway.parse import read
from postdesk.settings import load
from postdesk.welcome import banner, welcome
from postdesk.wiring import House


def test_the_first_mail_has_a_date(house: House) -> None:
    """As a shell makes it of the printed line: From, To and the Date of the moment, so that a second try counts."""
    lines = banner(house, ("smtp",)).splitlines()
    (command,) = [line for line in lines if "printf" in line]
    made = subprocess.run(
        ["sh", "-c", command.strip().rstrip("|")], capture_output=True, text=True, check=True, timeout=10
    ).stdout
    mail = message_from_string(made)
    assert (mail["From"], mail["To"], mail["Subject"]) == ("you@example.com", "service@desk.test", "Hello")
    assert parsedate_to_datetime(mail["Date"]).year >= 2026
    assert read(made.encode()).reply == "A first mail."
    assert shlex.split(lines[lines.index(command) + 1])[0] == "curl"


class Screen(io.StringIO):
    """What a person looks at."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.mark.parametrize(
    "log_format, out, told",
    [
        ("text", Screen(), True),
        ("json", Screen(), False),
        ("text", io.StringIO(), False),
        ("json", io.StringIO(), False),
    ],
)
def test_only_a_person_is_welcomed(config: Path, log_format: str, out: io.StringIO, told: bool) -> None:
    """Programs read the log, also where standard output and standard error are one: each line is an object then."""
    house = House(load(config, {"POSTDESK_LOG__FORMAT": log_format}))
    welcome(house, ("smtp",), out)
    assert ("is running. Stop it with Ctrl+C." in out.getvalue()) is told
    assert bool(out.getvalue()) is told
