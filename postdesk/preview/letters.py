"""The table of all letters: what each is called, its templates, when it is sent and to whom."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from postdesk.preview import customers, questions, staff
from postdesk.preview.scene import Scene
from store.tables import Outbox


@dataclass(frozen=True, slots=True)
class Entry:
    """One letter. Several may share the templates of one kind; `variant` tells those apart."""

    id: str  # E5; S2
    kind: str  # the folder of its templates
    variant: str
    when: str
    to: str
    prepare: Callable[[Scene], Outbox]

    @property
    def name(self) -> str:
        """E11-update-withdrawn: its file is called so."""
        return "-".join(part.replace(" ", "-") for part in (self.id, self.kind, self.variant) if part)


_REQUESTER, _WRITER, _ALL = "the contact", "who wrote", "everybody who takes part"
# fmt: off
# ruff: noqa: E501 - a table is read across
LETTERS: tuple[Entry, ...] = (
    Entry("E1", "credentials", "", "portal access is given", "the person", customers.credentials),
    Entry("E1", "credentials", "link", "the same, with credentials.mode = \"link\"", "the person", customers.credentials_link),
    Entry("E2", "sign_in_link", "", "somebody asks to sign in, or forgot the password", "the person", customers.sign_in_link),
    Entry("E3", "password_changed", "", "a password was chosen or changed", "the person", customers.password_changed),
    Entry("E3", "two_step", "", "two-step sign-in was set up (or switched off, or new recovery codes were made)", "the person", customers.two_step),
    Entry("E3", "two_step", "by the desk", "the desk switched it off", "the person", partial(customers.two_step, what="desk")),
    Entry("E3", "two_step", "recovery", "a recovery code was used", "the person", partial(customers.two_step, what="recovery")),
    Entry("E3", "two_step", "tried", "five wrong codes came after the right password", "the person", partial(customers.two_step, what="tried")),
    Entry("E3", "address_changed", "", "a contact has a new address", "the old and the new address", customers.address_changed),
    Entry("E4", "received", "", "a mail opened a ticket", _REQUESTER, customers.received),
    Entry("E4", "received", "named", "the same", "who was named in it", customers.received_named),
    Entry("E4", "received", "stranger", "the same, from somebody unknown", _WRITER, customers.received_stranger),
    Entry("E4b", "received", "on behalf", "staff opened a ticket for somebody", _REQUESTER, customers.received_on_behalf),
    Entry("E5", "update", "", "somebody wrote a public note", _ALL, customers.update),
    Entry("E6", "update", "question", "staff ask something", _ALL, customers.question),
    Entry("E7", "reminder", "", "a question was not answered for some working days", _REQUESTER, customers.reminder),
    Entry("E8", "update", "status", "the status changes without a note", _ALL, customers.status),
    Entry("E8", "update", "fields", "something else changes without a note", _ALL, customers.fields),
    Entry("E8", "merged", "", "the ticket goes on in another one", _ALL, customers.merged),
    Entry("E9", "approval", "", "staff ask for an approval", "the approvers", customers.approval),
    Entry("E10", "approval_result", "", "it was approved", "the contact, the approvers", customers.approved),
    Entry("E10", "approval_result", "rejected", "it was rejected", "the contact, the approvers", customers.rejected),
    Entry("E11", "update", "resolved", "staff solved it", _ALL, customers.resolved),
    Entry("E11", "update", "solved by customer", "a customer says that it is solved", _ALL, customers.solved_by_customer),
    Entry("E11", "update", "withdrawn", "a customer takes the request back", _ALL, customers.withdrawn),
    Entry("E11", "update", "closed", "it is closed for good", _ALL, customers.closed),
    Entry("E11", "update", "reopened", "it is open again", _ALL, customers.reopened),
    *(
        Entry("E12", "alert", stage, f"the stage “{stage}” is reached", "who asked for this alert", partial(customers.alert, stage=stage))
        for stage in ("due", "overdue", "completed", "in process", "tasks")
    ),
    Entry("E13", "copy", "", "a note is sent to somebody outside", "the outsider", customers.copy),
    Entry("E14", "done", "", "a command changed something", _WRITER, customers.done),
    Entry("E14", "done", "staff", "the same", "the member of staff", staff.done),
    Entry("E15", "answer", "list", "#list", _WRITER, questions.show_list),
    Entry("E15", "answer", "status", "#status", _WRITER, questions.show_status),
    Entry("E15", "answer", "search", "#search", _WRITER, questions.search),
    Entry("E15", "answer", "export", "#export", _WRITER, questions.export),
    Entry("E15", "answer", "help", "#help", _WRITER, questions.show_help),
    Entry("E15", "answer", "profile", "#me", _WRITER, questions.profile),
    Entry("E15", "answer", "queue", "#queue", "the member of staff", questions.queue),
    Entry("E15", "confirm", "", "commands that nothing proves", "whose commands they are", questions.confirm),
    Entry("E15", "confirm", "import", "an import of contacts was tried", "the Admin user", questions.confirm_import),
    Entry("E15", "confirm", "stranger", "the same, from somebody unknown", "the address", questions.confirm_stranger),
    Entry("E16", "partly_refused", "", "a file was not taken", _WRITER, customers.partly_refused),
    Entry("E17", "not_done", "", "a command was not done", _WRITER, customers.not_done),
    Entry("E17", "not_done", "stranger", "the same, from somebody unknown", _WRITER, customers.not_done_stranger),
    Entry("E18", "shared", "", "a ticket is shared with somebody", "the colleague", customers.shared),
    Entry("E18", "shared", "added", "somebody takes part from now on", "the one who was added", customers.added),
    Entry("E18", "shared", "watching", "somebody watches from now on", "the one who watches", customers.watching),
    Entry("E19", "digest", "", "every working day at letters.digest_at", "contacts who want it", customers.digest),
    Entry("E20", "announcement", "", "something is announced", "contacts who want it", customers.announcement),
    Entry("S1", "new_ticket", "", "a ticket is new", "the team", staff.new_ticket),
    Entry("S1b", "new_tickets", "", "new tickets of people whom nobody knows come faster than caps.stranger_letters_per_reader_hour", "the team", staff.new_tickets),
    Entry("S2", "customer_wrote", "", "a customer wrote", "who has the ticket, else the team", staff.customer_wrote),
    Entry("S2", "customer_wrote", "waiting", "somebody wrote who takes no part", "the same", staff.waiting_note),
    Entry("S3", "assigned", "", "a ticket is given to somebody", "the new owner", staff.assigned),
    Entry("S4", "due", "", "a ticket is due soon", "who has the ticket, else the team", staff.due),
    Entry("S4", "due", "overdue", "a ticket is overdue", "the same", staff.overdue),
    Entry("S5", "mail_trouble", "", "a letter did not arrive", "the team of the ticket", staff.bounced),
    Entry("S5", "mail_trouble", "held", "a mail waits for a person", "staff", staff.held),
    Entry("S6", "day_sheet", "", "every working morning", "staff", staff.day_sheet),
)
# fmt: on
KINDS = tuple(dict.fromkeys(entry.kind for entry in LETTERS))


def named(wanted: str = "") -> Iterator[Entry]:
    """The letters of a kind, or of an id such as E11, in any case; all of them when nothing is named."""
    for entry in LETTERS:
        if not wanted or wanted.casefold() in (entry.id.casefold(), entry.kind, entry.name.casefold()):
            yield entry
