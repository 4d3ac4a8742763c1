"""Builds what answers to questions by mail are made with."""

from typing import TYPE_CHECKING

from gateway.answers import AnswerFacts

if TYPE_CHECKING:
    from postdesk.wiring import House


def answer_facts(house: "House") -> AnswerFacts:
    """The desk as its answers know it; SettingsError when the catalogue beside the settings cannot be used."""
    settings = house.settings
    return AnswerFacts(
        zone=house.zone,
        name=settings.desk.name,
        address=house.addresses.main.address,
        base_url=settings.desk.base_url,
        words=house.words,
        phone=settings.desk.phone,
        catalogue=house.catalogue,
        links=tuple((link.name, link.url) for link in settings.desk.links),
        levels=house.levels,
        private_notes=settings.tickets.private_notes,
        copies=settings.tickets.copies,
    )
