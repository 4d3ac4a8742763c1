"""The words of the audit log: every act that is noted, and what each means."""

from collections.abc import Mapping

from desk.said import Said, say

# The words stand in the database, in files and on the command line; pages say what each means, in their language.
SECTIONS: Mapping[Said, Mapping[str, Said]] = {
    say("Coming in and going out"): {
        "sign-in.done": say("Somebody signed in"),
        "sign-in.half": say("A password or a link was right, and a code was asked for"),
        "sign-in.refused": say("Signing in was refused: an unknown name, a wrong secret or code, no access"),
        "sign-in.out": say("Somebody signed out"),
        "sign-in.link": say("A sign-in link was sent"),
        "session.ended": say("A signed-in browser was signed out from another one"),
        "password.changed": say("A password was chosen"),
        "password.refused": say("The current password of an open session was wrong"),
        "second-factor.changed": say("A second factor was set up, renewed or taken away"),
        "token.made": say("An access token was made"),
        "token.ended": say("An access token was ended"),
    },
    say("Rights"): {
        "access.granted": say("Access to the portal was given, and credentials were sent"),
        "access.taken": say("Access to the portal was taken away"),
        "rights.changed": say("The level, the sight or the role of a person was changed"),
        "board.joined": say("A contact was put on a board of approvers"),
        "board.left": say("A contact was taken off a board"),
    },
    say("People, organisations, the desk"): {
        "contact.added": say("A contact was added"),
        "contact.changed": say("A contact was changed"),
        "contact.deactivated": say("A contact was deactivated"),
        "contact.reactivated": say("A contact was brought back"),
        "contact.unsubscribed": say("Somebody stopped letters by the link in one"),
        "address.asked": say("Somebody asked for another address of their own"),
        "letters.chosen": say("Somebody chose which letters they get"),
        "import.begun": say("An import of people began"),
        "organisation.added": say("An organisation was added"),
        "organisation.changed": say("An organisation was changed"),
        "organisation.merged": say("An organisation became part of another one"),
        "site.added": say("A site was added"),
        "site.changed": say("A site was changed"),
        "staff.added": say("Somebody began to work at the desk"),
        "staff.changed": say("A member of staff was changed"),
        "staff.left": say("A member of staff left"),
        "staff.returned": say("A member of staff came back"),
        "team.added": say("A team was added"),
        "team.changed": say("A team was changed"),
        "team.joined": say("Somebody joined a team"),
        "team.left": say("Somebody left a team"),
        "team.removed": say("A team was ended"),
    },
    say("Tickets"): {
        "ticket.opened": say("A ticket was opened"),
        "ticket.noted": say("Something was written on a ticket"),
        "ticket.changed": say("A ticket was changed"),
        "ticket.touched": say(
            "Something about a ticket was changed that its history does not say: alerts, taking part"
        ),
        "file.removed": say("A file was taken off a ticket"),
    },
    say("Mail and letters"): {
        "mail.released": say("A held or ignored mail was put back into the queue"),
        "mail.dropped": say("A held mail was put away"),
        "mail.imported": say("Mail was taken in from files"),
        "letter.retried": say("Letters were tried at once"),
        "letter.again": say("A letter was sent once more"),
        "letter.dropped": say("A letter was dropped"),
        "letter.decided": say("Letters that were held since a restore were decided about"),
        "address.muted": say("An address was muted"),
        "address.unmuted": say("A mute was lifted"),
        "announcement.made": say("An announcement was made"),
        "announcement.ended": say("An announcement was ended"),
        "mailbox.started": say("A mailbox is read from now on"),
    },
    say("Data that leaves"): {
        "export.tickets": say("A list of tickets was taken along as a file"),
        "export.people": say("A list of people was taken along as a file"),
        "export.person": say("Everything of one person was taken along"),
        "export.mail": say("A received mail was taken along as it came"),
        "export.audit": say("The audit log was taken along as a file"),
    },
    say("The running of the desk"): {
        "erasure.begun": say("The erasure of a person began"),
        "erasure.done": say("A person was erased"),
        "dkim.changed": say("A key that signs letters was made, put to use or retired"),
        "hook.retried": say("Messages to webhooks are tried again"),
        "canary.sent": say("A canary was sent by hand"),
        "move.done": say("Old mail was moved in"),
        "move.undone": say("A move was taken back"),
        "timer.run": say("A timer was run by hand"),
        "backup.made": say("A backup was made by a command"),
        "desk.restored": say("The desk was restored from a backup"),
        "desk.made": say("The desk was set up"),
        "desk.sample": say("Sample data was put into the desk"),
        "desk.migrated": say("The schema of the database was changed by hand"),
        "audit.pruned": say("Rows of the audit log that were older than retention.audit_days went"),
    },
}
ACTS: Mapping[str, Said] = {word: means for section in SECTIONS.values() for word, means in section.items()}
# Noted nowhere: what became of a mail, as the ledger says it.
OF_MAILS: Mapping[str, Said] = {
    "mail.opened": say("A mail opened a ticket"),
    "mail.noted": say("A mail was added to a ticket"),
    "mail.answered": say("A mail was answered, and nothing else"),
}
