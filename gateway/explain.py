"""A mail as read, in the form of `postdesk explain --json`."""

import hashlib
from typing import Any

from gateway.envelope import Forwarded, Message


def as_json(path: str, message: Message, saved: list[str | None]) -> dict[str, Any]:
    """One mail; `saved` tells for each attachment where its bytes were put, or None."""
    return {
        "file": path,
        "subject": message.subject,
        "from": {"name": message.shown_sender.name, "address": message.shown_sender.address},
        "text": message.text,
        "reply": message.reply,
        "foreign": message.foreign,
        "invitation": message.invitation,
        "remark": message.remark,
        "forwarded": _forwarded(message.forwarded),
        "attachments": [
            {
                "name": item.original_name or item.name,
                "stored_name": item.name,
                "type": item.type,
                "declared_type": item.declared_type,
                "size": item.size,
                "sha256": hashlib.sha256(item.data).hexdigest(),
                "inline": item.inline,
                "content_id": item.content_id,
                "path": place,
            }
            for item, place in zip(message.attachments, saved, strict=True)
        ],
        "automatic": message.automatic,
        "return_date": message.return_date.isoformat() if message.return_date else None,
        "failed_recipients": [
            {"address": r.address, "status": r.status, "permanent": r.permanent, "diagnostic": r.diagnostic}
            for r in message.reports
        ],
        "reported_ids": list(message.reported_ids),
        "defects": list(message.defects),
        "over_limit": message.over_limit,
    }


def _forwarded(mail: Forwarded | None) -> dict[str, Any] | None:
    if mail is None:
        return None
    sender = {"name": mail.sender.name, "address": mail.sender.address}
    return {"from": sender, "subject": mail.subject, "date": mail.date, "attached": mail.attached}
