"""What a restored desk does not know, said to whoever restored it."""

from collections.abc import Iterator

from postdesk.restore import Restored
from postdesk.settings import command


def lines(done: Restored, sent: bool) -> Iterator[str]:
    """All that differs from the desk that was, and what to do about it."""
    manifest, after = done.manifest, done.after
    yield ""
    yield f"The desk of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC is restored. Its settings: {done.loaded.file}"
    if done.aside:
        yield f"What was there before is in {done.aside}."
    for now, belongs in done.elsewhere.items():
        yield f"Put {now} to where the settings look for it: {belongs}"
    yield ""
    yield "What differs from the desk that was:"
    yield "- Mails that came after that moment are not there, nor anything that was done after it."
    if done.loaded.settings.mailbox:
        yield "  Those that were read over IMAP lie in the folder Processed: move them back, and they come again."
    yield f"- Ids leap by far, and new tickets begin behind {after.number_after}: no number is given out twice."
    yield "  An answer to a letter about a ticket that is not there opens a new one."
    yield from _letters(done, sent)
    yield from _clock(done.clock)
    if after.mails:
        yield f"- {after.mails:,} mails waited to be handled. They will be; who wrote them may get a second receipt."
    if after.signed_out:
        yield f"- Everybody is signed out ({after.signed_out:,} browsers). Passwords are those of that moment."
    if after.credentials:
        yield f"- {after.credentials:,} one-time passwords or links have ended, as they may have been used:"
        yield "  postdesk contact activate ADDRESS sends new ones."
    if after.tokens:
        yield f"- {after.tokens:,} access tokens of programs have ended, as they may have been ended since:"
        yield "  their owners make new ones in the portal."
    for title in after.announcements:
        yield f"- “{title}” may have gone to everybody, and goes to nobody now. To send it: postdesk announce add"
    yield "- Today's digests and day sheets are not sent again."
    yield from _erased(done)
    if not manifest.blobs:
        yield "- Big mails and attachments were not in the backup: the blob store must have them. See: postdesk verify"
    yield ""
    yield from _verified(done)


def _letters(done: Restored, sent: bool) -> Iterator[str]:
    waited = done.after.letters
    if not waited:
        return
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(waited.items(), key=lambda pair: -pair[1]))
    if sent:
        yield f"- {sum(waited.values()):,} letters waited, and go out now: {kinds}. Some may arrive a second time."
    else:
        yield f"- {sum(waited.values()):,} letters waited and may have gone out since: {kinds}."
        yield "  They wait for you: postdesk restored lists them, sends them (--send) or gives them up (--drop)."


def _clock(held: dict[str, int]) -> Iterator[str]:
    if held:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(held.items()))
        yield f"- {sum(held.values()):,} letters about times came due since, and most have gone out then: {kinds}."
        yield "  They wait for you, too: postdesk restored."


def _erased(done: Restored) -> Iterator[str]:
    erasures, people = done.erased_again
    if erasures or people:
        yield f"- {erasures:,} erasures are newer than the backup: {people:,} people were erased again."
    if done.list_of is None:
        yield "- There is no list of erasures beside the backup. Whoever was erased after it is back: erase them again."
    else:
        yield f"- The list of erasures is of {done.list_of:%Y-%m-%d %H:%M:%S} UTC. Whoever was erased later is back:"
        yield "  erase them again, or restore with a newer list (--erased)."


def _verified(done: Restored) -> Iterator[str]:
    for digest in done.manifest.lost[:10]:
        yield f"FAULT bytes: {digest} was lost before the backup was made."
    for fault in done.faults:
        yield fault.line
    if not done.faults:
        yield f"It was verified: all is well. Start it with: {command('serve', done.loaded.file)}"
