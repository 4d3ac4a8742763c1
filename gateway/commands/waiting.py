"""Keeps what was asked for by mail until somebody confirms it."""

from collections.abc import Mapping, Sequence
from typing import Any

from desk.state import ContactState, StaffState
from desk.writes import Writes
from gateway.commands.spec import CONFIRM_WITHIN, Scene
from store.tables import Pending


def keep(writes: Writes, scene: Scene, commands: Sequence[tuple[str, str]], body: Mapping[str, Any]) -> int:
    """Keep commands, each a word and its argument, and what they need of the mail; returns the id of the question."""
    author, case = scene.author, scene.case
    row = writes.add(
        Pending,
        id=writes.next_id(),
        contact_id=author.id if isinstance(author, ContactState) else None,
        staff_id=author.id if isinstance(author, StaffState) else None,
        ticket_id=scene.ticket.id if scene.ticket else None,
        received_id=case.mail.received_id or None,
        commands=[[word, argument] for word, argument in commands],
        body={
            "fields": [list(pair) for pair in scene.fields],
            "words": scene.words[:8000],
            "opens": scene.opens,
            **body,
        },
        created_at=case.now,
        expires_at=case.now + CONFIRM_WITHIN,
        done_at=None,
    )
    return int(row["id"])
