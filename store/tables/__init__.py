"""Every mapped class, importable from one place."""

from store.tables import search
from store.tables.account import Account, HalfSignIn, LoginTry, RecoveryCode, WebSession
from store.tables.audit import Audit, AuditGate, AuditSeal
from store.tables.base import Base, core
from store.tables.hook import HookMessage
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
from store.tables.running import (
    Canary,
    Counter,
    Erasure,
    MailboxState,
    MovedMail,
    MoveIn,
    OldNumber,
    Pace,
    Process,
    SchemaState,
)
from store.tables.ticket import Alert, Approval, Attachment, Event, Participant, Reading, Ticket, TicketLink
from store.tables.token import AccessToken, ApiAnswer

__all__ = [
    "AccessToken",
    "Account",
    "Alert",
    "Announcement",
    "ApiAnswer",
    "Approval",
    "Approver",
    "Attachment",
    "Audit",
    "AuditGate",
    "AuditSeal",
    "Base",
    "Canary",
    "Contact",
    "ContactAddress",
    "Counter",
    "Delivery",
    "Disposition",
    "Erasure",
    "Event",
    "HalfSignIn",
    "HookMessage",
    "IdBlock",
    "ImportRun",
    "JobRun",
    "KnownMessage",
    "Lease",
    "LoginTry",
    "MailKey",
    "MailboxState",
    "MoveIn",
    "MovedMail",
    "NumberSeries",
    "OldNumber",
    "Organisation",
    "Outbox",
    "Pace",
    "Participant",
    "Pending",
    "Process",
    "RawMail",
    "Reading",
    "ReceivedMail",
    "RecoveryCode",
    "SchemaState",
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
    "search",
]
