"""A mail as an entry of a ticket: which of its words are shown, which stand folded beside, and what staff must know."""

from dataclasses import replace

from desk import folding
from desk.notes import NOTE_LENGTH
from desk.said import say, say_many
from desk.state import TicketState
from desk.tickets import Note
from gateway import bounced, left_out, named_files, who
from gateway.case import Case, Decision
from gateway.envelope import Message
from gateway.quoting import quotes, signature

NO_WORDS = "The mail has no text."


def note(decision: Decision, case: Case) -> Note:
    """The words and files of the mail; the author is who the decision says."""
    message = case.mail.message
    text, whole = words_of(decision, message), message.text.strip()
    # In brackets: these are our words, and the letters say "Jane Doe wrote".
    for said in filter(None, (message.remark, message.invitation)):
        text, whole = (f"[{said}]\n\n{words}".strip() for words in (text, whole))
    cut = len(text) > NOTE_LENGTH
    return Note(
        author=decision.contact or decision.staff,
        text=text[: NOTE_LENGTH - 1] + "…" if cut else text,
        at=case.now,
        visibility="pending" if decision.write == "lane" else "public",
        verified=_is_verified(decision, case),
        folded=whole if cut else folding.rest(text, whole),
        html=message.html,
        files=named_files.named(case.mail.files, text),
        received_id=case.mail.received_id,
    )


def automatic(decision: Decision, case: Case) -> Note:
    """A machine's words, for staff alone, below what we make of them; after `bounced.record`."""
    entry = replace(note(decision, case), kind="automatic", visibility="internal")
    back = case.mail.message.return_date
    if case.mail.message.automatic in ("delivery-report", "feedback-report"):
        entry = replace(entry, author=None)  # a server wrote it, whoever From names
    ours = f"[Back on {back:%-d %B %Y}]" if back else bounced.told(decision, case)
    return with_subject(ours, entry) if ours else entry


def left_over(entry: Note) -> list[str]:
    """For whoever wrote it: that the entry shows the beginning of their text alone."""
    if len(entry.text) < NOTE_LENGTH or not entry.folded:
        return []
    most = f"{NOTE_LENGTH:,}"
    return [
        say("Your text has more than {n} characters. The ticket shows the first ones, and the rest is kept.", n=most)
    ]


def with_words(entry: Note) -> Note:
    """An entry is never empty."""
    return entry if entry.text or entry.files else replace(entry, text=NO_WORDS)


def without_commands(entry: Note, case: Case, words: str, *, one_word: bool = False) -> Note:
    """The words as they stand without the commands; the HTML still holds those, and goes. The mail itself is kept."""
    cut = len(words) > NOTE_LENGTH
    text = words[: NOTE_LENGTH - 1] + "…" if cut else words
    folded = "" if one_word and not words else (words if cut else entry.folded)
    return replace(entry, text=text, folded=folded, html="")


def with_subject(subject: str, entry: Note) -> Note:
    """A subject too long for a title stands whole above the words; what then has no room is kept beside."""
    text = f"{subject}\n\n{entry.text}"
    if len(text) <= NOTE_LENGTH:
        return replace(entry, text=text)
    return replace(
        entry, text=text[: NOTE_LENGTH - 1] + "…", folded=f"{subject}\n\n{folding.whole(entry.text, entry.folded)}"
    )


def hints(case: Case, ticket: TicketState, entry: Note, waiting: list[str], *, passed_on: bool = False) -> list[str]:
    """For staff, in the letter: what of the mail does not show in it."""
    lines: list[str] = []
    names = ", ".join(waiting)
    if waiting and entry.visibility == "pending":
        lines.append(say("Also named, and not added: {names}. #cc +address adds them.", names=names))
    elif waiting:
        lines += [
            say("Also named, and not added, because nobody verified the sender: {names}.", names=names),
            say("To add them, put them into Cc of your answer."),
        ]
    first = case.mail.message.forwarded
    if first and first.sender.address and not passed_on:
        name, address = first.sender.name or first.sender.address, first.sender.address
        lines.append(say("It passes on a mail of {name} <{address}>.", name=name, address=address))
    if refused := len(case.mail.refused_files):
        told = say_many(
            "One file of the mail was not added. The mail itself holds it.",
            "{n} files of the mail were not added. The mail itself holds them.",
            refused,
        )
        lines.append(told)
    # What quotes a letter of ours is known; of anything else staff should know that it is there.
    folded = entry.folded.removeprefix(entry.text.removesuffix("…"))
    if folded and left_out.first_line(folded, left_out.marks(ticket, case.addresses)):
        lines.append(say("Lines that look like a quotation or a signature are left out here. The page shows them."))
    return lines


def words_of(decision: Decision, message: Message) -> str:
    """The new text of an answer; all of a mail that answers nothing, but for its signature, or that points below."""
    first = message.forwarded
    if not message.foreign:
        if quotes.points_below(message.reply, message.text):
            return message.text.strip()
        if decision.kind == "opened" and first and first.quoted:
            # A signature above what was passed on ends the sender's words, and no more.
            return f"{signature.without(first.above)}\n\n{first.quoted}".strip()
        if decision.kind == "opened" and not message.answers:
            return signature.without(message.text).strip()
    return message.reply.strip() or message.text.strip()


def _is_verified(decision: Decision, case: Case) -> bool:
    """Where nothing verifies senders, people whom staff know are taken at their word, as they are on paper."""
    if not case.mail.sender:
        return False  # no From, or several: the reverse path stood in
    if who.is_sure(decision):
        return True
    if case.rules.verifies_senders or decision.write in ("unverified", "lane"):
        return False
    return decision.staff is not None or (decision.contact is not None and decision.contact.known)
