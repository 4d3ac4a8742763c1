"""Commands about the keys that sign letters: `postdesk dkim new`, `list`, `show`, `check`, `use`, `retire`."""

from typing import TYPE_CHECKING, Annotated

import typer

from postdesk.cli import app, fail, open_house
from postdesk.cli_common import JsonOption, say_json
from postdesk.cli_held import program

if TYPE_CHECKING:
    from gateway.dkim_keys import SigningKey
    from postdesk.wiring import House

dkim_app = typer.Typer(no_args_is_help=True, help="Keys that sign letters (DKIM), and their records in DNS.")
app.add_typer(dkim_app, name="dkim")
_Selector = Annotated[str, typer.Argument(help="The selector of a key, or SELECTOR.DOMAIN where several share it.")]
_MEANS = {
    "prepared": "made, not seen in DNS yet",
    "published": "in DNS, signs nothing",
    "active": "signs letters",
    "retired": "signs no more",
}


@dkim_app.command("new")
def dkim_new(
    domain: Annotated[str, typer.Argument(help="The domain of a desk address, as example.com.")],
    kind: Annotated[str, typer.Option("--type", help="rsa (2,048 bits, every receiver reads it) or ed25519.")] = "rsa",
    selector: Annotated[str, typer.Option(help="Its name in DNS; else one by month and type.")] = "",
) -> None:
    """Make a key, and print the record that DNS must have before it can sign."""
    from gateway import dkim_keys
    from gateway.sender.domains import ascii_domain
    from postdesk import dkim_state

    if kind not in dkim_keys.TYPES:
        raise fail(f"There is no type “{kind}”. Choose from: {', '.join(dkim_keys.TYPES)}.", 64)
    house = open_house(quiet=True)
    keys = _keys(house)
    now, name = dkim_state.now(), ascii_domain(domain)
    taken = {key.selector for key in keys if key.domain == name}
    chosen = selector.lower() or dkim_keys.free_selector(taken, "rsa" if kind == "rsa" else "ed25519", now)
    if chosen in taken:
        raise fail(f"There is a key {chosen}.{name} already. Choose another selector.", 65)
    try:
        key = dkim_keys.new(name, chosen, "rsa" if kind == "rsa" else "ed25519", now)
    except dkim_keys.KeyFault as error:
        raise fail(f"The key was not made: {error}.", 64) from error
    path = house.signing_keys.write(key)
    _note(house, key, "made")
    typer.echo(f"Made the {kind} key {key.name} in {path}.\n")
    _print_record(key)
    shown = _shortest(key, [*keys, key])
    typer.echo(f"\nOnce it is there: {program()} dkim check, then {program()} dkim use {shown}")
    if name not in dkim_state.domains(house):
        typer.echo(f"No desk address is at {name}: as the settings are, this key will sign nothing.", err=True)


@dkim_app.command("list")
def dkim_list(as_json: JsonOption = False) -> None:
    """Every key: its domain, type and state, since when, and what DNS says of it now."""
    from postdesk import dkim_state

    house = open_house(quiet=True)
    keys, unusable = house.signing_keys.read()[0], house.signing_keys.unusable()
    for key, found in dkim_state.ask(house, keys):
        if as_json:
            row = {"domain": key.domain, "selector": key.selector, "type": key.type, "state": key.state}
            say_json(row | {"since": key.since.isoformat(), "dns": found.verdict, "dns_words": found.words})
        else:
            typer.echo(f"{key.name}, {key.type}: {key.state} since {key.since:%d %b %Y} ({_MEANS[key.state]})")
            typer.echo(f"  DNS: {found.verdict}, {found.words}.")
    for one in unusable:
        if as_json:
            row = {"domain": one.domain, "selector": one.selector, "type": one.type, "state": one.state}
            say_json(row | {"since": None, "dns": "unusable", "dns_words": one.why})
        else:
            typer.echo(f"{one.selector}.{one.domain}: {one.state}, unusable: {one.why}")
    if not keys and not unusable and not as_json:
        typer.echo(f"There is no key: letters are not signed. Make one: {program()} dkim new DOMAIN")


@dkim_app.command("show")
def dkim_show(selector: _Selector) -> None:
    """One key: its record for DNS, and what DNS says of it now."""
    from postdesk import dkim_state

    house = open_house(quiet=True)
    key = _one(_keys(house), selector)
    ((_, found),) = dkim_state.ask(house, [key])
    typer.echo(f"{key.name}, {key.type}: {key.state} since {key.since:%d %b %Y} ({_MEANS[key.state]})")
    typer.echo(f"DNS: {found.verdict}, {found.words}.\n")
    _print_record(key)


@dkim_app.command("check")
def dkim_check() -> None:
    """Ask DNS for the record of every key that is not retired. Exit code 1 when one that signs is not right there."""
    from postdesk import dkim_state

    house = open_house(quiet=True)
    every = _keys(house)
    keys = [key for key in every if key.state != "retired"]
    if not keys:
        typer.echo(f"There is no key to look for. Make one: {program()} dkim new DOMAIN")
    wrong = False
    for key, found in dkim_state.ask(house, keys):
        wrong |= key.state == "active" and found.verdict != "ok"
        typer.echo(f"{key.name} ({key.state}): {found.verdict}, {found.words}.")
        if found.verdict == "ok" and key.state == "prepared":
            house.signing_keys.write(key.becomes("published", dkim_state.now()))
            typer.echo(f"  It is published now. To sign with it: {program()} dkim use {_shortest(key, every)}")
    for domain in dkim_state.domains(house):
        if all(key.domain != domain or key.state != "active" for key in keys):
            typer.echo(f"Letters from {domain} are not signed: no key of it is active.")
    if wrong:
        raise typer.Exit(1)


@dkim_app.command("use")
def dkim_use(
    selector: _Selector,
    force: Annotated[bool, typer.Option(help="Also where DNS does not have the key.")] = False,
) -> None:
    """Sign with this key from now on; the former one of its type stays in DNS until it is retired."""
    from postdesk import dkim_state
    from postdesk.dkim_folder import LOOKS_SECONDS

    house = open_house(quiet=True)
    keys = _keys(house)
    key = _one(keys, selector)
    if key.state == "active":
        typer.echo(f"{key.name} signs already.")
        return
    ((_, found),) = dkim_state.ask(house, [key])
    if found.verdict != "ok" and not force:
        raise fail(
            f"{key.name} is not used: {found.words}. Letters would not verify. --force does it all the same.", 65
        )
    now = dkim_state.now()
    house.signing_keys.write(key.becomes("active", now))  # first: two that sign do no harm, none does
    _note(house, key, "used")
    typer.echo(f"Letters from {key.domain} are signed with {key.name} ({key.type}).")
    for former in keys:
        if (former.domain, former.type, former.state) == (key.domain, key.type, "active"):
            house.signing_keys.write(former.becomes("published", now))
            typer.echo(f"{former.name} signs no more. Leave its record in DNS, and run: {program()} dkim retire "
                       f"{former.selector}")  # fmt: skip
    typer.echo(f"Running processes see it within {LOOKS_SECONDS:.0f} seconds; a restart is not needed.")


@dkim_app.command("retire")
def dkim_retire(
    selector: _Selector,
    force: Annotated[bool, typer.Option(help="Also the only key that signs for its domain.")] = False,
) -> None:
    """Put a key away for good, and say when its record may leave DNS."""
    from postdesk import dkim_state

    house = open_house(quiet=True)
    keys = _keys(house)
    key = _one(keys, selector)
    others = [one for one in keys if one.domain == key.domain and one.state == "active" and one is not key]
    if key.state == "active" and not others and not force:
        raise fail(f"{key.name} is the only key that signs for {key.domain}: without it letters are not signed. "
                   "Use another one first, or --force.", 65)  # fmt: skip
    now = dkim_state.now()
    until = dkim_state.leaves_dns(key, house.settings.delivery.give_up_days, now)
    if key.state != "retired":
        key = key.becomes("retired", now)
        house.signing_keys.write(key)
        _note(house, key, "retired")
    typer.echo(f"{key.name} is retired.")
    if until is None or until <= now:
        typer.echo(f"Its record {key.place} may leave DNS now. Then its file may go too.")
        return
    days = -(-(until - now).total_seconds() // 86_400)
    when = f"after {days:.0f} days, on {until:%d %b %Y}"
    typer.echo(f"Its record {key.place} may leave DNS {when}: until then letters that it signed are under way.")
    typer.echo("Then its file may go too.")


def _note(house: "House", key: "SigningKey", what: str) -> None:
    """A key is a file, and needs no database; where there is none yet, there is no audit log."""
    from desk import audit
    from store.migrations import is_current

    if not house.missing_database and is_current(house.database):
        audit.alone(house.database, "dkim.changed", what=what, key=key.name)


def _keys(house: "House") -> "list[SigningKey]":
    """All keys; a file that cannot be used is named, and the others go on."""
    keys, faults = house.signing_keys.read()
    for fault in faults:
        typer.echo(fault, err=True)
    return keys


def _shortest(key: "SigningKey", keys: "list[SigningKey]") -> str:
    """What names this key and no other."""
    return key.name if sum(one.selector == key.selector for one in keys) > 1 else key.selector


def _one(keys: "list[SigningKey]", named: str) -> "SigningKey":
    found = [key for key in keys if named.lower() in (key.selector, key.name)]
    if len(found) > 1:
        raise fail(f"Several keys have the selector {named}: {', '.join(key.name for key in found)}. Name one so.", 64)
    if not found:
        there = ", ".join(key.name for key in keys) or "none at all"
        raise fail(f"There is no key “{named}”. There are: {there}.", 66)
    return found[0]


def _print_record(key: "SigningKey") -> None:
    typer.echo(f"For a zone file:\n\n{key.zone_record()}\n")
    typer.echo(f"For a web form, type TXT:\n\n  Name:  {key.place}\n  Value: {key.record}")
