"""What the portal is handed: made from the settings."""

from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from desk.acting.rules import Rules
from desk.sessions import Lifetimes
from portal.config import PortalConfig
from postdesk import __version__, bundled, watching
from postdesk.guide import guide
from postdesk.mailboxes import silent_after
from postdesk.portal_mail import Reader

if TYPE_CHECKING:
    from postdesk.wiring import House


def portal_config(house: "House") -> PortalConfig:
    """The portal of a desk."""
    portal, desk = house.settings.portal, house.settings.desk
    return PortalConfig(
        database=house.database,
        blobs=house.blobs,
        keys=house.keys,
        templates=bundled.folder("templates") / "pages",
        base_url=desk.base_url,
        desk_name=desk.name,
        desk_address=house.addresses.main.address,
        desk_phone=desk.phone,
        zone=house.zone,
        hosts=portal.hosts,
        trusted_proxies=portal.trusted_proxies,
        lifetimes=Lifetimes(
            customer_idle=timedelta(hours=portal.customer_idle_hours),
            staff_idle=timedelta(minutes=portal.staff_idle_minutes),
        ),
        two_step=portal.two_step,
        levels=house.levels,
        rules=acting_rules(house),
        languages=house.languages,
        password_profile=house.settings.credentials.profile,
        tells_of_passwords=house.settings.letters.password_changed,
        guide=cache(partial(guide, house)),  # it reads the words of every language
        mail=Reader(house),
        mailboxes=silent_after(house.settings),
        version=__version__,
        ready=house.readiness.parts,
        metrics=watching.metrics(house),
        metrics_access=watching.access(house),
    )


def acting_rules(house: "House") -> Rules:
    """How people act otherwise than by mail: by the same figures and choices as by mail."""
    settings = house.settings
    tickets = settings.tickets
    return Rules(
        zone=house.zone,
        numbers=house.numbers,
        desk_address=house.addresses.main.address,
        desk_addresses=tuple(desk.address for desk in house.addresses.desks),
        desk_team=house.addresses.main.team,
        desk_type=house.addresses.main.type,
        caps=house.caps,
        files=house.file_policy,
        reopen_days=settings.mail.reopen_days,
        fold=timedelta(seconds=settings.delivery.fold_seconds),
        levels=house.levels,
        credentials=house.credentials,
        approvals=tickets.approvals,
        withdrawal_reasons=tickets.withdrawal_reasons,
        private_notes=tickets.private_notes,
        copies=tickets.copies,
        needs_reference=tickets.needs_reference,
        catalogue=house.catalogue,
        links=tuple((link.name, link.url) for link in settings.desk.links),
        is_ours=lambda address: house.addresses.find(address) is not None,
    )
