"""Every mapped class, importable from one place."""

from store.tables.account import Account, LoginTry, WebSession
from store.tables.base import Base, core
from store.tables.mail import Disposition, KnownMessage, MailKey, RawMail, ReceivedMail
from store.tables.operation import Announcement, IdBlock, JobRun, Lease, NumberSeries, Pending, Tally
from store.tables.outbox import Delivery, Outbox, Suppression
from store.tables.people import (
    Approver,
    Contact,
    ContactAddress,
    ImportRun,
    Organisation,
    Site,
    Staff,
    Team,
    TeamMember,
)
from store.tables.running import Canary, Erasure, MailboxState, Pace, Process
from store.tables.ticket import Alert, Approval, Attachment, Event, Participant, Reading, Ticket, TicketLink

__all__ = [
    "Account",
    "Alert",
    "Announcement",
    "Approval",
    "Approver",
    "Attachment",
    "Base",
    "Canary",
    "Contact",
    "ContactAddress",
    "Delivery",
    "Disposition",
    "Erasure",
    "Event",
    "IdBlock",
    "ImportRun",
    "JobRun",
    "KnownMessage",
    "Lease",
    "LoginTry",
    "MailKey",
    "MailboxState",
    "NumberSeries",
    "Organisation",
    "Outbox",
    "Pace",
    "Participant",
    "Pending",
    "Process",
    "RawMail",
    "Reading",
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
