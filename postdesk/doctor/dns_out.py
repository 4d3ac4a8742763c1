"""SPF, DKIM and DMARC: can a receiver tell that a letter of the desk is the desk's own?"""

from typing import TYPE_CHECKING

from gateway.envelope import Envelope
from gateway.loopback import is_loopback
from gateway.sender import spf_check
from gateway.sender.domains import organisation
from gateway.sender.policy import policy_of
from gateway.sender.resolver import Questions
from postdesk import dkim_state
from postdesk.doctor import dns_in
from postdesk.doctor.findings import Notes
from postdesk.settings import SettingsError

if TYPE_CHECKING:
    from postdesk.wiring import House

# Relays that send from addresses of their own, and what names those: by the end of their host names.
_KNOWN = {
    ".office365.com": "include:spf.protection.outlook.com",
    ".outlook.com": "include:spf.protection.outlook.com",
    ".gmail.com": "include:_spf.google.com",
    ".googlemail.com": "include:_spf.google.com",
    ".google.com": "include:_spf.google.com",
    ".amazonaws.com": "include:amazonses.com",
    ".sendgrid.net": "include:sendgrid.net",
    ".mailgun.org": "include:mailgun.org",
}
_MOST = 6  # addresses of a relay that are tried


def look(notes: Notes, house: "House", domain: str, questions: Questions) -> None:
    """What receivers see of a letter from this domain. Raises Unanswered."""
    spf = _spf(notes, house, domain, questions)
    dkim = _dkim(notes, house, domain)
    _dmarc(notes, domain, spf or dkim, questions)


def _spf(notes: Notes, house: "House", domain: str, questions: Questions) -> bool:
    host = _relay_of(house, domain)
    records = [text for raw in questions.text(domain) if (text := raw.decode("ascii", "replace")).startswith("v=spf1")]
    wanted = next((term for end, term in _KNOWN.items() if f".{host}".endswith(end)), f"a:{host}")
    if is_loopback(host):  # it sends from our addresses
        host, wanted = house.settings.hostname, f"a:{house.settings.hostname}"
    if len(records) > 1:
        means = "Receivers take that for a fault, and none of them counts (RFC 7208 section 4.5)."
        notes.error(f"{domain} has {len(records)} SPF records.", means, "Make one of them.")
        return False
    if not records:
        means = "Receivers cannot tell that the relay may send for you: letters land in the spam folder, or come back."
        record = f'{domain}. IN TXT "v=spf1 {wanted} -all"'
        notes.error(f"{domain} has no SPF record.", means, "Publish:", record)
        return False
    if wanted in records[0].lower().split():
        notes.ok(f"The SPF record of {domain} names the relay ({wanted}).")
        return True
    return _evaluated(notes, domain, host, records[0], wanted, questions)


def _evaluated(notes: Notes, domain: str, host: str, record: str, wanted: str, questions: Questions) -> bool:
    addresses = dns_in.addresses_of(host, questions)[:_MOST] if host else []
    found = [
        spf_check.client(Envelope(f"desk@{domain}", (), "smtp", peer=one, helo=host), domain, questions, strict=False)
        for one in addresses
    ]
    if found and all(each.passed for each in found):
        notes.ok(f"The SPF record of {domain} lets {host} send ({', '.join(addresses)}).")
        return True
    if not addresses:
        said = f"{host} has no address in DNS, so nobody can say whether the SPF record of {domain} names it."
    else:
        words = next(each.words for each in found if not each.passed)
        said = f"The SPF record of {domain} does not let {host} send ({words.removeprefix('SPF: ')})."
    head, _, rest = record.partition(" ")
    means = "Letters can land in the spam folder, or come back, unless the relay sends from other addresses."
    do = "If the relay sends from its own address, publish; else name what it sends from:"
    notes.warning(said, means, do, f'{domain}. IN TXT "{head} {wanted} {rest}"')
    return False


def _relay_of(house: "House", domain: str) -> str:
    """The host that letters from this domain are handed to."""
    for named in house.settings.relays:
        if any(address.rpartition("@")[2] == domain for address in named.addresses):
            return named.host.lower()
    return house.settings.relay.host.lower()


def _dkim(notes: Notes, house: "House", domain: str) -> bool:
    try:
        keys, faults = house.signing_keys.read()
    except SettingsError as error:
        keys, faults = [], list(error.faults)
    for fault in faults:
        notes.error(f"{fault}.", "Letters are not signed with that key.", "Mend the file, or take it away.")
    active = [key for key in keys if key.domain == domain and key.state == "active"]
    if not active:
        means = "Receivers cannot tell whether a letter was changed, and who forwards it breaks SPF."
        do = "Make a key here, unless your relay signs for this domain:"
        notes.warning(f"Letters from {domain} are not signed here.", means, do, f"postdesk dkim new {domain}")
        return False
    good = True
    for key, found in dkim_state.ask(house, active):
        if found.verdict == "ok":
            notes.ok(f"Letters from {domain} are signed by {key.selector}, and DNS has its key.")
        elif found.verdict == "unknown":
            do = "Look at sender.dns_servers or /etc/resolv.conf."
            notes.warning(f"Whether DNS has {key.name} is not known: {found.words}.", "It may be all right.", do)
        else:
            good = False
            means = "Receivers count the signature as broken: that is worse than none."
            notes.error(f"{key.name}: {found.words}.", means, "Publish:", key.zone_record())
    return good


def _dmarc(notes: Notes, domain: str, proven: bool, questions: Questions) -> None:
    policy = policy_of(domain, questions)
    above = organisation(domain)
    record = f'_dmarc.{above}. IN TXT "v=DMARC1; p=none; rua=mailto:postmaster@{above}"'
    if not policy.request:
        means = "Large receivers want one from everybody who sends much, and anybody may write in your name."
        notes.warning(f"Neither {domain} nor {above} has a DMARC record.", means, "Publish:", record)
    elif not proven and policy.refuses:
        means = f"Neither SPF nor DKIM proves a letter of the desk, and DMARC asks receivers to {policy.request} it."
        do = "Mend SPF or DKIM as said above. Until then:"
        notes.error(f"DMARC of {domain} turns against your own letters.", means, do, record)
    else:
        notes.ok(f"DMARC of {domain} asks receivers: {policy.request}.")
