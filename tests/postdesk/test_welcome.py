"""What `postdesk serve` prints when it starts: a first mail to copy, which is another mail each time."""

import shlex
import subprocess
from email import message_from_string
from email.utils import parsedate_to_datetime

from gateway.parse import read
from postdesk.welcome import banner
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
