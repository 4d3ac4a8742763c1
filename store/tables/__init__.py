"""Every mapped class, importable from one place."""

from store.tables.account import Account, LoginTry, WebSession
from store.tables.base import Base, core
from store.tables.mail import Disposition, KnownMessage, MailKey, RawMail, ReceivedMail
from store.tables.operation import IdBlock, Lease, NumberSeries, Tally
from store.tables.outbox import Delivery, Outbox, Suppression
from store.tables.people import Contact, ContactAddress, Organisation, Site, Staff, Team, TeamMember
from store.tables.ticket import Attachment, Event, Participant, Ticket, TicketLink

__all__ = [
    "Account",
    "Attachment",
    "Base",
    "Contact",
    "ContactAddress",
    "Delivery",
    "Disposition",
    "Event",
    "IdBlock",
    "KnownMessage",
    "Lease",
    "LoginTry",
    "MailKey",
    "NumberSeries",
    "Organisation",
    "Outbox",
    "Participant",
    "RawMail",
    "ReceivedMail",
    "Site",
    "Staff",
    "Suppression",
    "Tally",
    "Team",
    "TeamMember",
    "Ticket",
    "TicketLink",
    "WebSession",
    "core",
]
