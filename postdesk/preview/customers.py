"""Sample rows of the letters to customers: what each of them needs in the scene, and the row itself."""

from datetime import date, timedelta
from typing import Any

from desk.files import FilePolicy, refusal
from desk.said import kept_in, say
from gateway.envelope import Attachment
from postdesk.demo_mails import photo
from postdesk.preview.scene import ANA, JANE, KIM, NAMES, NOW, PAT, SAM, VIC, Scene
from store.tables import Announcement, Contact, Outbox, Ticket

_WORDS = (
    "The voice gateway lost its licence this morning. We renew it now.\n\nhttps://status.example.com/phones?x=1&y=2"
)
_QUESTION = "Which phones are dead, all of them or those by the window?"
_RESOLUTION = "The licence of the voice gateway is renewed. All phones have registered again."


def credentials(scene: Scene) -> Outbox:
    """E1, with a one-time password."""
    return scene.credentials(JANE, "password")


def credentials_link(scene: Scene) -> Outbox:
    """E1, with a link."""
    return scene.credentials(JANE, "link")


def sign_in_link(scene: Scene) -> Outbox:
    """E2."""
    row = scene.credentials(JANE, "link", hours=1)
    row.kind = "sign_in_link"
    return row


def password_changed(scene: Scene) -> Outbox:
    """E3, of a password."""
    return scene.letter("password_changed", ticket_id=None, context={"at": NOW.isoformat()})


def two_step(scene: Scene, what: str = "on") -> Outbox:
    """E3, of two-step sign-in."""
    context = {"what": "off" if what == "desk" else what, "at": NOW.isoformat(), "left": 9}
    return scene.letter("two_step", ticket_id=None, context=context | {"by": NAMES[ANA] if what == "desk" else ""})


def address_changed(scene: Scene) -> Outbox:
    """E3, of an address."""
    context = {"old": "jane@customer.test", "new": "jane.doe@customer.test", "by": NAMES[ANA], "kept": True}
    return scene.letter("address_changed", ticket_id=None, context=context)


def received(scene: Scene) -> Outbox:
    """E4."""
    return _received(scene, JANE)


def received_named(scene: Scene) -> Outbox:
    """E4, to somebody whom the mail named."""
    scene.join(KIM)
    return _received(scene, KIM)


def received_stranger(scene: Scene) -> Outbox:
    """E4, to somebody whom nobody knows and nothing verifies."""
    scene.ticket.requester_id, scene.ticket.organisation_id, scene.ticket.site_id = PAT, None, None
    return scene.letter("received", PAT, minutes=1, first_receipt=True, context={"echo": False})


def received_on_behalf(scene: Scene) -> Outbox:
    """E4b."""
    scene.ticket.source = "Phone"
    return _received(scene, JANE, opened_by=NAMES[SAM])


def _received(scene: Scene, to: int, **context: Any) -> Outbox:
    scene.ticket.first_answer_due_at, scene.ticket.due_at = NOW + timedelta(hours=2), NOW + timedelta(hours=28)
    scene.ticket.urgency, scene.ticket.impact, scene.ticket.priority = "Low", "Only Me", "Low"
    context = {"echo": True, "reference": "<first@customer.test>", "said": ["Site"], "notes": []} | context
    return scene.letter("received", to, minutes=1, context=context)


def update(scene: Scene) -> Outbox:
    """E5."""
    scene.ticket.status, scene.ticket.assignee_id = "In Progress", SAM
    changes = {"status": ["New", "In Progress"], "assignee": ["", NAMES[SAM]]}
    event = scene.changed(SAM, changes, text=_WORDS)
    scene.file(event, "gateway.png", "image/png", photo())
    return scene.letter("update", event_id=event)


def question(scene: Scene) -> Outbox:
    """E6."""
    scene.ticket.status = "Waiting Customer"
    event = scene.changed(SAM, {"status": ["In Progress", "Waiting Customer"]}, text=_QUESTION)
    return scene.letter("update", event_id=event)


def reminder(scene: Scene) -> Outbox:
    """E7."""
    scene.ticket.status, scene.ticket.waiting_since = "Waiting Customer", NOW
    event = scene.changed(SAM, {"status": ["In Progress", "Waiting Customer"]}, text=_QUESTION)
    times = {"asked": NOW.isoformat(), "closes": (NOW + timedelta(days=14)).isoformat()}
    return scene.letter("reminder", event_id=event, minutes=3 * 1440, context=times)


def status(scene: Scene) -> Outbox:
    """E8."""
    scene.ticket.status = "Waiting Vendor"
    event = scene.changed(SAM, {"status": ["In Progress", "Waiting Vendor"]})
    return scene.letter("update", event_id=event)


def fields(scene: Scene) -> Outbox:
    """E8, when no status changed."""
    event = scene.changed(SAM, {"item": ["", "SIP trunk 4"], "due": ["", "12 Apr 2019, 15:00 BST"]})
    return scene.letter("update", event_id=event)


def merged(scene: Scene) -> Outbox:
    """E8, when the ticket goes on in another one."""
    return scene.letter("merged", context={"old": "T20190409.0999"})


def approval(scene: Scene) -> Outbox:
    """E9."""
    _change(scene).status = "Waiting Approval"
    scene.ticket.approval = "Requested"
    scene.join(ANA, "approver")
    return scene.letter("approval", ANA, context={"by": NAMES[SAM]})


def approved(scene: Scene) -> Outbox:
    """E10."""
    _change(scene).status, scene.ticket.approval = "In Progress", "Approved"
    context = {"by": NAMES[ANA], "answer": "approve", "reason": "Not before six in the evening."}
    return scene.letter("approval_result", context=context)


def rejected(scene: Scene) -> Outbox:
    """E10, the other way."""
    _change(scene).status, scene.ticket.approval = "Update Added", "Rejected"
    context = {"by": NAMES[ANA], "answer": "reject", "reason": "The budget of this year is spent."}
    return scene.letter("approval_result", context=context)


def _change(scene: Scene) -> Ticket:
    scene.ticket.type, scene.ticket.needed_by = "Change Request", date(2019, 5, 3)
    return scene.ticket


def resolved(scene: Scene) -> Outbox:
    """E11."""
    event = _done(scene, "Resolved", SAM, resolution=["", _RESOLUTION])
    scene.ticket.resolution = _RESOLUTION
    return scene.letter("update", event_id=event)


def solved_by_customer(scene: Scene) -> Outbox:
    """E11, told to the others when the requester says so."""
    scene.join(KIM)
    return scene.letter("update", KIM, event_id=_done(scene, "Resolved", JANE))


def withdrawn(scene: Scene) -> Outbox:
    """E11, of a request that was taken back."""
    scene.join(KIM)
    event = _done(scene, "Withdrawn", JANE, withdrawal=["", "No longer needed"])
    return scene.letter("update", KIM, event_id=event)


def closed(scene: Scene) -> Outbox:
    """E11, for good."""
    return scene.letter("update", event_id=_done(scene, "Complete", SAM))


def reopened(scene: Scene) -> Outbox:
    """E11, undone."""
    scene.ticket.status = "In Progress"
    event = scene.changed(SAM, {"status": ["Resolved", "In Progress"]})
    return scene.letter("update", event_id=event)


def _done(scene: Scene, status: str, by: int, **changes: list[str]) -> int:
    scene.ticket.status, scene.ticket.completed_at = status, NOW + timedelta(minutes=30)
    return scene.changed(by, {"status": ["In Progress", status], **changes})


def alert(scene: Scene, stage: str) -> Outbox:
    """E12, of whatever stage."""
    scene.ticket.status = "Resolved" if stage == "completed" else "In Progress"
    scene.ticket.due_at = NOW + timedelta(minutes=70 if stage == "due" else 20)
    return scene.letter("alert", context={"stage": stage})


def copy(scene: Scene) -> Outbox:
    """E13."""
    event = scene.note(JANE, "Vic, does your side see our calls at all?", minutes=20)
    return scene.letter("copy", VIC, event_id=event, context={"by": NAMES[JANE]})


def shared(scene: Scene) -> Outbox:
    """E18."""
    return scene.letter("shared", KIM, context={"by": NAMES[JANE], "how": "shared"})


def added(scene: Scene) -> Outbox:
    """E18, to somebody who takes part from now on."""
    scene.join(KIM)
    event = scene.note(SAM, "Kim, can you open the cupboard for us?", minutes=20)
    return scene.letter("shared", KIM, event_id=event, context={"by": NAMES[SAM], "how": "added"})


def watching(scene: Scene) -> Outbox:
    """E18, to somebody who watches from now on."""
    scene.join(KIM, "watching")
    return scene.letter("shared", KIM, context={"by": NAMES[KIM], "how": "watching"})


def digest(scene: Scene) -> Outbox:
    """E19."""
    scene.session.get_one(Contact, JANE).digest = True
    scene.ticket.status, scene.ticket.waiting_since = "Waiting Customer", NOW
    others(scene)
    return scene.letter("digest", ticket_id=None, minutes=1440)


def others(scene: Scene) -> None:
    """More tickets of the same person, for lists."""
    for place, title in enumerate(("Printer 9 prints half a page", "New socket for room 214"), 1):
        values = {"title": title, "letter_subject": title, "status": "In Progress", "desk_address": scene.address}
        scene.add(
            Ticket(
                id=next(scene.ids),
                number=f"T20190408.000{place}",
                requester_id=JANE,
                created_at=NOW,
                updated_at=NOW,
                **values,
            )
        )


def announcement(scene: Scene) -> Outbox:
    """E20."""
    text = (
        "On Saturday from 22:00 to 23:00 the portal is closed for maintenance.\n\n"
        "E-mail works as always: what you write is kept, and answered after that."
    )
    times = {"starts_at": NOW, "ends_at": NOW + timedelta(days=4, hours=9), "created_at": NOW}
    row = Announcement(id=next(scene.ids), title="Portal maintenance on 13 April, 22:00", text=text, **times)
    scene.add(row)
    return scene.letter("announcement", ticket_id=None, context={"announcement": row.id})


def done(scene: Scene) -> Outbox:
    """E14."""
    scene.ticket.status = "Resolved"
    return scene.letter("done", context=kept_in({"lines": [say("The ticket is resolved.")]}))


def partly_refused(scene: Scene) -> Outbox:
    """E16."""
    kind = "application/octet-stream"
    file = Attachment("setup.exe", "setup.exe", kind, kind, b"MZ")
    said = refusal(file, 0, FilePolicy(max_size=1_000_000, max_count=1, blocked_extensions=frozenset({"exe"})))
    return scene.letter("partly_refused", context=kept_in({"lines": [said]}))


def not_done(scene: Scene) -> Outbox:
    """E17."""
    lines = [
        say("“{line}” was left as text. Did you mean #{command}?", line="#reslove", command="resolve"),
    ]
    return scene.letter("not_done", context=kept_in({"lines": lines}))


def not_done_stranger(scene: Scene) -> Outbox:
    """E17, to somebody whom nobody knows: their words are not repeated."""
    return scene.letter("not_done", PAT, ticket_id=None, first_receipt=True, context={"lines": ["Buy this."]})
