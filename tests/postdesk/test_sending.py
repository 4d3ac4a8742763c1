"""Processes that send letters share the connections of each relay, and are no more than there are of these."""

import os
from pathlib import Path

import pytest

from postdesk.outgoing import lanes
from postdesk.sending import fair_part, how_many, processes, share
from postdesk.settings import load
from postdesk.wiring import House


@pytest.mark.parametrize("connections", [1, 2, 3, 4, 5, 8, 30, 64])
@pytest.mark.parametrize("senders", range(1, 9))
def test_shares(connections: int, senders: int) -> None:
    """All of them together are what the settings say; the first, which mostly works alone, is never left out."""
    shares = [share(connections, senders, number) for number in range(senders)]
    assert sum(shares) == connections
    assert min(shares) >= 0
    assert shares[0] == max(shares) >= 1 or connections <= senders
    assert shares[0] >= 1


@pytest.mark.parametrize(
    "chosen, connections, wanted",
    [("0", "4", min(2, os.cpu_count() or 1)), ("1", "4", 1), ("3", "4", 3), ("8", "4", 4), ("2", "1", 1)],
)
def test_processes(config: Path, chosen: str, connections: str, wanted: int) -> None:
    """By the machine where nothing is set, and none without a connection."""
    relay = {"RELAY__MODE": "smtp", "RELAY__HOST": "relay.customer.test", "RELAY__CONNECTIONS": connections}
    environment = {f"POSTDESK_{name}": value for name, value in {**relay, "DELIVERY__PROCESSES": chosen}.items()}
    assert processes(House(load(config, environment))) == wanted


@pytest.mark.parametrize(
    "connections, senders, wanted", [("4", "2", 42), ("2", "2", 128), ("8", "3", 21), ("64", "2", 42)]
)
def test_a_slow_relay_is_not_kept_busy_over_one_connection(
    config: Path, connections: str, senders: str, wanted: int
) -> None:
    """One that helps out takes no more for each of its connections than the first does, unless that goes quickly."""
    relay = {"RELAY__MODE": "smtp", "RELAY__HOST": "relay.customer.test", "RELAY__CONNECTIONS": connections}
    environment = {f"POSTDESK_{name}": value for name, value in {**relay, "DELIVERY__PROCESSES": senders}.items()}
    few = fair_part(House(load(config, environment)), 128, 1)
    assert few == wanted
    assert how_many(few, 128, few, 0.0) == how_many(few, 128, 128, 4.9) == 128
    assert how_many(few, 128, 10, 0.5) == how_many(few, 128, 128, 5.1) == few


def test_one_process_fills_the_folder(config: Path) -> None:
    """A Maildir instead of a relay is written by one."""
    assert processes(House(load(config, {"POSTDESK_DELIVERY__PROCESSES": "4"}))) == 1


def test_a_relay_without_a_connection_for_a_process(config: Path) -> None:
    """The one that helps out leaves the letters of such a relay to the first one."""
    few = '\n[[relays]]\nname = "few"\naddresses = ["@few.test"]\nhost = "relay.few.test"\nconnections = 1\n'
    config.write_text(config.read_text() + few)
    chosen = {"POSTDESK_RELAY__MODE": "smtp", "POSTDESK_RELAY__HOST": "relay.customer.test"}
    house = House(load(config, {**chosen, "POSTDESK_DELIVERY__PROCESSES": "2"}))
    first, helper = lanes(house), lanes(house, number=1)
    assert [lane.route.connections for lane in first] == [3, 1]
    assert [lane.route.connections for lane in helper] == [1, 0]
    from tests.gateway.letter_world import NOW

    assert first.claimable(NOW) is None
    assert str(helper.claimable(NOW))
    assert [lane.is_free(NOW) for lane in helper] == [True, False]
    first.close()
    helper.close()
    house.database.close()
