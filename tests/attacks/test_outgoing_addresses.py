"""Addresses that would say more than where a letter goes: none of it reaches a command to the relay."""

import re
from collections.abc import Iterator

import pytest

from tests.attacks import relays
from tests.attacks.service import became, hand_over
from tests.gateway.scripted_smtp import Scripted
from tests.peers.desk import STAFF, Desk

COMMAND = re.compile(
    r"(?:MAIL FROM:<[^<> ]*>(?: (?:SIZE=\d+|BODY=8BITMIME))*|RCPT TO:<[^<> ]+>|ehlo \S+|DATA|RSET|rset|quit)"
)
HOSTILE = {
    "notify": "<{mark}@attacker.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;victim@elsewhere.test",
    "quoted": '"{mark}@attacker.test> NOTIFY=NEVER"@attacker.test',
    "encoded": "=?utf-8?q?{mark}=40attacker.test=3E_NOTIFY=3DSUCCESS?= <{mark}@attacker.test>",
    "encoded-crlf": "<=?utf-8?q?{mark}=40attacker.test=0D=0ARCPT_TO=3A=3Cvictim=40elsewhere.test=3E?=>",
    "unclosed": "<{mark}@attacker.test",
    "route": "<@relay.test:{mark}@attacker.test>",
    "two": "<{mark}@attacker.test>, <victim@elsewhere.test>",
    "comment": "{mark}@attacker.test (<victim@elsewhere.test>)",
    "nul": '"{mark}\\\x00victim@elsewhere.test"@attacker.test',
    "space": '"{mark} RCPT TO:<victim@elsewhere.test>"@attacker.test',
    "bracket": "victim@elsewhere.test]<{mark}@attacker.test>",
    "umlaut": "<{mark}@büro.attacker.test>",
}


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Desk, Scripted]]:
    """A desk and its relay, for all tests of this file."""
    with relays.relayed() as found:
        yield found


def raw(mark: str, address: str) -> bytes:
    """A mail that gives this as its sender, and as where answers go."""
    return (
        f"From: {address}\r\nReply-To: {address}\r\nTo: service@desk.test\r\nSubject: Sample {mark}\r\n"
        f"Message-ID: <{mark}@attacker.test>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\n\r\nSample {mark}.\r\n"
    ).encode()


@pytest.mark.attack(79)
def test_an_address_is_an_address(both: tuple[Desk, Scripted]) -> None:
    """Parameters, routes, second addresses and line ends in From and Reply-To: each command is a plain one."""
    desk, server = both
    for mark, address in HOSTILE.items():
        found = became(desk, hand_over(desk, raw(mark, address.format(mark=mark)), f"{mark}@attacker.test"))
        assert found.kind in ("opened", "held"), mark
        if found.kind == "opened":
            relays.letter_to(server, f"Sample {mark}.".encode(), STAFF.encode())
    assert became(desk, hand_over(desk, raw("last", "last@customer.test"), "last@customer.test")).kind == "opened"
    relays.letter_to(server, b"", b"last@customer.test")
    odd = [command for command in server.commands if not COMMAND.fullmatch(command)]
    assert odd == []
    assert "RCPT TO:<last@customer.test>" in server.commands
    told = {command for command in server.commands if command.startswith("RCPT")}
    assert not [command for command in told if "victim" in command or "NOTIFY" in command]
