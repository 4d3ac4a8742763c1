"""What each kind of letter is called, for people who read what became of it."""

from desk.said import Said, say

_LETTERS = {
    "received": say("receipt"),
    "not_done": say("answer to a command"),
    "partly_refused": say("letter about files that were left out"),
    "update": say("letter with news of the ticket"),
    "new_ticket": say("letter about the new ticket"),
    "new_tickets": say("letter about new tickets"),
    "customer_wrote": say("letter with the customer's words"),
    "assigned": say("letter that the ticket is theirs"),
    "done": say("answer to a command"),
    "confirm": say("question for a “confirm”"),
    "answer": say("answer to a question"),
    "copy": say("copy of a note"),
    "shared": say("letter that they take part"),
    "approval": say("question for an approval"),
    "approval_result": say("letter about an approval"),
    "alert": say("alert"),
    "due": say("letter about a due time"),
    "merged": say("letter about a merged ticket"),
    "credentials": say("letter with credentials"),
    "sign_in_link": say("letter with a sign-in link"),
    "password_changed": say("letter about a changed password"),
    "two_step": say("letter about two-step sign-in"),
    "address_changed": say("letter about a changed address"),
    "mail_trouble": say("letter about trouble with mail"),
}


def words_for(kind: str) -> str:
    """A kind of letter in words."""
    return _LETTERS.get(kind, say("letter"))


# In one or two words, for a page: what became of a letter (desk/letter_list.py).
STATES = {
    "waiting": say("Waiting"),
    "deferred": say("Waiting for another try"),
    "gathered": say("Waits to be told with others"),
    "held": say("Held since a restore"),
    "sent": say("Sent"),
    "bounced": say("Came back"),
    "uncertain": say("May have arrived"),
    "refused": say("Refused"),
    "expired": say("Given up"),
    "suppressed": say("Not sent: the address is muted"),
    "failed": say("Could not be written"),
    "dropped": say("Not sent: a person decided so"),
    "folded": say("Went along in another letter"),
}


# What one try came to, or what a report or a person said later.
RESULTS = {
    "sent": say("Sent"),
    "deferred": say("Not taken yet"),
    "refused": say("Refused"),
    "uncertain": say("No answer came"),
    "bounced": say("Came back"),
    "expired": say("Given up"),
    "folded": say("Went along in another letter"),
    "failed": say("Could not be written"),
    "dropped": say("Not sent: a person decided so"),
    "again": say("A person had it sent again"),
}


def state(word: str) -> Said | str:
    """What became of a letter, in words."""
    return STATES.get(word, word)
