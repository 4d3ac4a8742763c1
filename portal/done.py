"""What an act did, as the page behind it says once: the address names it by a word, and only known words are said."""

from collections.abc import Mapping

from desk.numbers import looks_like_one
from desk.said import Said, say

SENTENCES: Mapping[str, Said] = {
    "saved": say("Saved."),
    "status-asked": say("If that address takes part in the ticket, a letter with its status is on its way."),
    "ended": say("Your session had ended, and nothing was changed. Sign in again."),
    "link": say("A sign-in link goes to every address that has access to the portal, at most three times in an hour."),
    "half": say("Your sign-in took too long, or something changed meanwhile. Sign in again."),
    "two-step-off": say("Two-step sign-in is off. Your password alone is enough now."),
    "password": say("Your password is changed, and you are signed out everywhere else."),
    "asked": say("A letter went to the new address. Answer it with “confirm”, and that becomes your address."),
    "signed-out": say("Signed out there."),
    "token-ended": say("The token is ended. Programs that have it get no answer any more."),
    "stopped": say("You get no more letters about that ticket."),
    "person_added": say("The person was added, without portal access."),
    "person_added_access": say("The person was added, and gets a letter with credentials."),
    "access_given": say("Saved. The person has portal access, and gets a letter with credentials."),
    "access_taken": say("Saved. The person has no portal access any more. Mail from them still reaches us."),
    "credentials_sent": say("A new letter with credentials is on its way."),
    "imported": say("The import is done."),
    "mail-decided": say("Decided. It is handled within seconds."),
    "mail-late": say("Somebody was quicker: not all of it could be done. Here is how things stand."),
    "letter-done": say("Done. Letters that wait go out within seconds."),
    "letter-late": say("Things had changed meanwhile: not all of it could be done. Here is how things stand."),
    "lifted": say("The address gets letters again. What was not sent meanwhile is not sent later."),
    "not-muted": say("The address was not muted."),
    "columns": say("Your lists have these columns now, here and in files and letters."),
    "no-pdf": say("PDF files cannot be made here. Take CSV or Excel, or print this page."),
    "taken": say("The ticket is yours."),
    "changed": say("The chosen tickets are changed."),
    "resolved": say("The ticket is resolved."),
    "reopened": say("The ticket is open again."),
    "withdrawn": say("The ticket is withdrawn."),
    "approved": say("You approved this."),
    "rejected": say("You rejected this."),
    "shared": say("Everybody of the organisation can see this ticket now."),
    "unshared": say("Only those who take part, and the desk, can see this ticket now."),
    "watching": say("You hear of every change from now on."),
    "quiet": say("You get no more letters about this ticket."),
    "left": say("You take part in that ticket no more."),
    "added": say("The additional contacts are changed."),
    "alerts": say("Your alerts are saved."),
    "alert-deleted": say("The alert is deleted."),
    "file-removed": say("The file is removed."),
}


# The same about one ticket: `?done=opened&ticket=T20190409.0967`.
OF_TICKET: Mapping[str, Said] = {
    "opened": say("Ticket {number} is open. We sent it to you by e-mail, with a link to its page."),
    "opened-for": say("Ticket {number} is open. We sent it to its contact by e-mail, with a link to its page."),
    "opened-less": say("Ticket {number} is open. Not all files were added: our e-mail says which, and why."),
    "opened-quiet": say("Ticket {number} is open."),
}


def said(query: Mapping[str, str]) -> Said | None:
    """The sentence for `?done=saved`; None where the address says nothing of the kind."""
    word, number = query.get("done", ""), query.get("ticket", "").upper()
    if word in OF_TICKET and looks_like_one(number):
        return say(OF_TICKET[word], number=number)
    return SENTENCES.get(word)
