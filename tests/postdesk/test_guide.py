"""What the help page of the portal is told of the commands by mail."""

from pathlib import Path

import pytest

from gateway.commands import registry
from portal.guide import Command
from postdesk.portal import portal_config
from postdesk.settings import load
from postdesk.wiring import House


@pytest.mark.feature("F40", "page")
def test_the_page_knows_every_command(config: Path) -> None:
    """Each command of each kind of people once, less what is switched off; the words of a reply in each language."""
    settings = {
        "POSTDESK_TICKETS__COPIES": "false",
        "POSTDESK_TICKETS__PRIVATE_NOTES": "true",
    }
    house = House(load(config, settings))
    try:
        made = portal_config(house)
    finally:
        house.database.close()
    guide = made.guide()
    for who in ("customer", "admin", "staff"):
        told = [command.usage for command in guide.commands[who]]
        known = {spec.usage for spec in registry.of(who).values() if who == "staff" or spec.word != "copy"}
        assert set(told) == known
        assert len(told) == len(set(told))
    by_usage = {command.usage: command for command in guide.commands["customer"]}
    assert "#private" in by_usage
    assert not any(usage.startswith("#copy") for usage in by_usage)
    search = by_usage["#search words"]
    assert search == Command("#search words", search.help, line=False, subject=True)
    assert by_usage["#status"].line
    assert guide.labels["customer"].count("Our ref") == 1
    assert "resolved" in guide.words["en"]
    assert "confirm" not in guide.words["en"]
    assert guide.words["de"] != guide.words["en"]
    assert made.rules.is_ours(made.desk_address)
    assert not made.rules.is_ours("jane@customer.test")
