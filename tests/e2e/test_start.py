"""From nothing to a running desk in the two commands of the README, and what anybody can see of it."""

import json
import re
import urllib.request

import pytest

from tests.e2e.world import assert_ledger
from tests.peers.desk import Desk
from tests.servers import free_port


class ByHand(Desk):
    """A desk from nothing, by the command of the README."""

    said = ""

    def set_up(self) -> None:
        """`postdesk init`, and what it printed."""
        self.said = self.run("init", "--sample")


def get(url: str) -> str:
    """A page, as somebody who is not signed in sees it."""
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - the address of our own test server
        assert answer.status == 200
        return str(answer.read().decode())


@pytest.mark.feature("F69")
@pytest.mark.feature("F207")
def test_init_serve_demo_and_the_status_page() -> None:
    """`init --sample` and `serve` with its default roles listen; `demo` plays to its end; the page tells no secrets."""
    with ByHand() as desk:
        assert "Sam Sample can sign in, once" in desk.said
        assert "/in/once/" in desk.said
        assert json.loads(get(f"{desk.url}/healthz"))["ok"] is True
        said = desk.run("demo")
        number = re.search(r"opened on (T\d{8}\.\d{4})", said)
        assert number
        _check_demo(said, number[1])
        shown = desk.run("ticket", "show", number[1])
        assert "I have reset your line." in shown
        assert "Please send me everything" not in shown
        health = json.loads(get(f"{desk.url}/healthz"))
        assert (health["state"], health["waiting"], health["difference"]) == ("working", 0, 0)
        _check_page(get(desk.url))
        assert_ledger(desk)


def _check_demo(said: str, number: str) -> None:
    outcomes = re.findall(r"mail \d+: (\w+) on (T\S+)\. ", said)
    assert [kind for kind, _ in outcomes] == ["opened", "noted", "noted", "noted", "opened"]
    assert {found for _, found in outcomes[:4]} == {number}
    other = outcomes[4][1]
    assert other != number
    assert len(re.findall(r"letter to ", said)) == 6
    assert said.rstrip().endswith(f"See it all: postdesk ticket show {number}")
    to_eve = said.rpartition("letter to eve.")[2]
    assert f"Subject: [{other}] We have your request" in to_eve
    assert "front desk" not in to_eve


def _check_page(page: str) -> None:
    """The ledger, and nothing of any ticket."""
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "All systems working" in words
    assert "Accepted 5" in words
    assert "Accounted for, every one 5" in words
    for hidden in ("T20", "Phones", "Jane", "eve.", "Sam Sample", "customer.test", "stranger.test"):
        assert hidden not in words, hidden


def test_the_demo_says_what_is_missing() -> None:
    """Without a running desk the demo ends with a sentence and exit code 1, at once."""
    with Desk() as desk:
        desk.stop()
        said = desk.run("demo", code=1)
        assert f"Nothing answers at 127.0.0.1:{desk.smtp}. Start Postdesk first" in said
        assert "Traceback" not in said


def test_a_port_that_is_taken_is_said() -> None:
    """A second Postdesk on the same port names it and ends with 75, so that systemd tries again; the first goes on."""
    with Desk(("smtp",)) as desk:
        said = desk.run("serve", "--role", "smtp", code=75)
        assert f"smtp: cannot listen on 127.0.0.1:{desk.smtp}" in said
        assert desk.process.poll() is None
        assert free_port() != desk.smtp
