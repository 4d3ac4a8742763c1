"""Whose a mail is: its From, or behind a web form of our own the person who filled it in."""

from collections.abc import Collection

from gateway.envelope import Mailbox, Message
from gateway.sender.verdict import Verified


def identity(
    message: Message, verified: Verified, form_relays: Collection[str], *, verifies: bool = True
) -> Mailbox | None:
    """The one address in Reply-To of a mail that a known web form wrote; None for every other mail.

    Where senders are verified at all, the form must be (`verifies` tells): anybody can write its address into From.
    """
    if message.sender.key not in form_relays or (verifies and verified.verdict != "pass"):
        return None
    if len(message.reply_to) != 1 or message.reply_to[0].key in ("", message.sender.key):
        return None
    return message.reply_to[0]
