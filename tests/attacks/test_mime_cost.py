"""The worst mails alone, each within the processor time and memory that its row promises."""

import pytest

from tests.attacks.batch import personal
from tests.attacks.hostile_mails import every
from tests.attacks.service import attack
from tests.peers.desk import Desk

CASES = every()
# Seconds of processor time, by row: security.md promises 5 s for 100,000 parts and 1 s for parameters. What is to be
# linear is given a second for 5 MB, which the whole way of a mail of this size takes if it is read some ten times.
WORST = {
    "nested 10000 deep": (19, 5.0),
    "nested and unclosed": (19, 5.0),
    "100000 parts": (20, 5.0),
    "10000 files of one name": (20, 5.0),
    "500 mails in each other": (21, 2.0),
    "look-alikes of a boundary": (22, 2.0),
    "100000 fields": (23, 5.0),
    "folded a million times": (23, 5.0),
    "folded 16000 times": (23, 1.0),
    "semicolons": (24, 1.0),
    "1 MB of semicolons": (24, 1.0),
    "5000 parameters": (24, 1.0),
    "open quotes in parameters": (24, 1.0),
    "blanks in parameters": (24, 1.0),
    "nested comments": (24, 1.0),
    "15000 groups": (24, 1.0),
    "semicolons in the header of a part": (24, 1.0),
    "5000 sections": (25, 1.0),
    "4000 encoded words": (26, 1.0),
    "encoded words without end": (26, 1.0),
    "encoded words in the header of a part": (26, 1.0),
    "charset zlib": (28, 1.0),
    "charset punycode": (28, 1.0),
    "charset idna": (28, 1.0),
    "base64 in pieces": (29, 2.0),
    "4.5 MB of quoted-printable": (29, 2.0),
    "soft line breaks": (29, 2.0),
    "4.5 MB of uuencode": (29, 2.0),
    "ZIP bomb": (32, 1.0),
    "picture bomb": (32, 1.0),
    "XML that grows": (32, 1.0),
    "winmail.dat of false length": (33, 1.0),
    "winmail.dat of 5000 files": (33, 2.0),
    "text of 4.5 MB": (35, 2.0),
}
MEMORY = 143  # MB: what the worst of these mails may cost


def _cases() -> list[object]:
    return [pytest.param(name, cpu, marks=pytest.mark.attack(row), id=name) for name, (row, cpu) in WORST.items()]


@pytest.mark.parametrize("name, cpu", _cases())
def test_within_its_bounds(attacked: Desk, name: str, cpu: float) -> None:
    """From the wire to its disposition, all processes of the desk together, and no process of it ends."""
    key = f"cost{list(WORST).index(name)}"
    raw = CASES[name].build()
    # Without an id of its own it would be the same mail as in the other tests of this desk, and a duplicate.
    raw = personal(raw, key) if b"<gen-1@" in raw[:500] else raw + b"Once more.\r\n"
    done = attack(attacked, raw, cpu=cpu, memory=MEMORY, sender=f"{key}@attacker.test")
    assert done.kind == CASES[name].kind
