"""Keys that sign letters, on the command line: made, looked for in DNS, used, replaced, put away; and their folder."""

import json
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from gateway import dkim_keys
from postdesk import cli_dkim, dkim_state  # noqa: F401 - the first adds the commands
from postdesk.cli import app
from postdesk.dkim_folder import LOOKS_SECONDS, KeyFolder
from postdesk.settings import load
from postdesk.wiring import House
from tests.peers.dns_server import DnsServer

RSA, ED = "pd1", "pd2"


@pytest.fixture
def zone() -> Iterator[DnsServer]:
    """A name server that has nothing of ours yet."""
    with DnsServer() as server:
        server.add("desk.test", "A", "192.0.2.1")
        yield server


@pytest.fixture
def desk(config: Path, zone: DnsServer) -> Path:
    """A desk at desk.test that asks it."""
    with config.open("a", encoding="utf-8") as file:
        file.write(f'\n[sender]\ndns_servers = ["127.0.0.1:{zone.port}"]\ndns_seconds = 5\n')
    return config


def run(desk: Path, *words: str) -> Result:
    """A command of `postdesk dkim`."""
    return CliRunner().invoke(app, ["--config", str(desk), "dkim", *words])


def publish(zone: DnsServer, desk: Path, selector: str) -> None:
    """Put the record that the command prints into DNS."""
    value = run(desk, "show", selector).output.partition("Value: ")[2].strip()
    assert value.startswith("v=DKIM1; ")
    zone.add(f"{selector}._domainkey.desk.test", "TXT", value)


def states(desk: Path) -> dict[str, tuple[str, str]]:
    """State, and what DNS says, by selector."""
    rows = [json.loads(line) for line in run(desk, "list", "--json").output.splitlines()]
    return {row["selector"]: (row["state"], row["dns"]) for row in rows}


def folder(desk: Path) -> KeyFolder:
    """What a running process reads."""
    return House(load(desk, {})).signing_keys


def test_from_a_new_key_to_the_next(desk: Path, zone: DnsServer) -> None:
    """Made, published, used; then its successor; then put away, with the day on which its record may go."""
    assert "There is no key: letters are not signed." in run(desk, "list").output
    made = run(desk, "new", "desk.test", "--selector", RSA)
    assert made.exit_code == 0
    assert f"{RSA}._domainkey.desk.test. 3600 IN TXT ( " in made.output
    assert states(desk) == {RSA: ("prepared", "missing")}

    refused = run(desk, "use", RSA)
    assert refused.exit_code == 65
    assert "DNS has no TXT record at pd1._domainkey.desk.test" in refused.output
    assert folder(desk).signers("desk.test") == ()

    publish(zone, desk, RSA)
    assert "It is published now." in run(desk, "check").output
    assert states(desk) == {RSA: ("published", "ok")}
    assert "a restart is not needed" in run(desk, "use", RSA).output
    assert [key.selector for key in folder(desk).signers("desk.test")] == [RSA]
    assert "signs already" in run(desk, "use", RSA).output

    run(desk, "new", "desk.test", "--selector", "next")
    publish(zone, desk, "next")
    used = run(desk, "use", "next")
    assert "pd1.desk.test signs no more. Leave its record in DNS" in used.output
    assert states(desk) == {RSA: ("published", "ok"), "next": ("active", "ok")}
    assert [key.selector for key in folder(desk).signers("desk.test")] == ["next"]

    retired = run(desk, "retire", RSA)
    assert "may leave DNS after 7 days" in retired.output  # delivery.give_up_days, and two
    assert states(desk)[RSA] == ("retired", "ok")
    assert run(desk, "check").exit_code == 0
    assert RSA not in run(desk, "check").output


def test_both_types_sign_side_by_side(desk: Path, zone: DnsServer) -> None:
    """An Ed25519 key does not take the place of an RSA key."""
    for selector, kind in ((RSA, "rsa"), (ED, "ed25519")):
        run(desk, "new", "desk.test", "--type", kind, "--selector", selector)
        publish(zone, desk, selector)
        assert run(desk, "use", f"{selector}.desk.test").exit_code == 0
    assert [key.type for key in folder(desk).signers("desk.test")] == ["rsa", "ed25519"]
    assert run(desk, "retire", RSA).exit_code == 0


def test_the_only_key_is_not_put_away_by_mistake(desk: Path) -> None:
    """Without it letters would go unsigned."""
    run(desk, "new", "desk.test", "--selector", RSA)
    assert run(desk, "use", RSA, "--force").exit_code == 0
    refused = run(desk, "retire", RSA)
    assert refused.exit_code == 65
    assert "is the only key that signs for desk.test" in refused.output
    assert run(desk, "retire", RSA, "--force").exit_code == 0
    assert folder(desk).signers("desk.test") == ()


def test_a_key_that_never_signed_goes_at_once(desk: Path) -> None:
    """No letter is under way that it signed."""
    run(desk, "new", "desk.test", "--selector", RSA)
    assert "may leave DNS now" in run(desk, "retire", RSA).output


def test_the_record_of_a_key_goes_when_no_letter_needs_it(house: House) -> None:
    """The days count from when it ceased to sign, not from when it was put away."""
    now = dkim_state.now()
    key = dkim_keys.new("desk.test", "a", "ed25519", now).becomes("active", now)
    former = key.becomes("published", now + timedelta(days=1))
    later = former.becomes("retired", now + timedelta(days=9))
    assert dkim_state.leaves_dns(later, 5, now + timedelta(days=9)) == now + timedelta(days=8)
    assert dkim_state.leaves_dns(key, 5, now + timedelta(days=9)) == now + timedelta(days=16)


def test_a_record_with_a_typo_is_told(desk: Path, zone: DnsServer) -> None:
    """By the command, whose exit code says it too, and by `postdesk check`."""
    run(desk, "new", "desk.test", "--selector", RSA)
    publish(zone, desk, RSA)
    run(desk, "use", RSA)
    value = zone.records[f"{RSA}._domainkey.desk.test", "TXT"][0].replace('" "', "").strip('"')
    zone.add(f"{RSA}._domainkey.desk.test", "TXT", value[:-9])
    checked = run(desk, "check")
    assert checked.exit_code == 1
    assert "ends after" in checked.output
    all_of_it = CliRunner().invoke(app, ["--config", str(desk), "check"]).output
    assert "FAULT signatures: pd1.desk.test signs letters and cannot be verified: the key in the record" in all_of_it


def test_check_tells_a_domain_without_a_key(desk: Path, zone: DnsServer) -> None:
    """That is no fault: the relay may sign."""
    said = CliRunner().invoke(app, ["--config", str(desk), "check"]).output
    assert "note  signatures: letters from desk.test are not signed" in said
    run(desk, "new", "desk.test", "--selector", RSA)
    run(desk, "use", RSA, "--force")
    zone.mute = True
    said = CliRunner().invoke(app, ["--config", str(desk), "check"]).output
    assert "ok    signatures: letters from desk.test are signed; whether DNS has pd1.desk.test" in said


@pytest.mark.parametrize(
    "words, code, said",
    [
        (("new", "desk.test", "--type", "dsa"), 64, "There is no type “dsa”"),
        (("new", "desk"), 64, "is no domain like example.com"),
        (("new", "desk.test", "--selector", "a.b"), 64, "cannot be a selector"),
        (("show", "nothing"), 66, "There is no key “nothing”"),
        (("use", "nothing"), 66, "There is no key “nothing”"),
        (("retire", "nothing"), 66, "There is no key “nothing”"),
    ],
)
def test_what_cannot_be(desk: Path, words: tuple[str, ...], code: int, said: str) -> None:
    """Exit codes of sysexits.h, one line each, and nothing is made."""
    done = run(desk, *words)
    assert done.exit_code == code
    assert said in done.output
    assert folder(desk).read() == ([], [])


def test_a_selector_is_taken_once_and_named_in_full(desk: Path) -> None:
    """The same selector may serve two domains; then a key has to be named with its own."""
    run(desk, "new", "desk.test", "--selector", RSA, "--type", "ed25519")
    again = run(desk, "new", "desk.test", "--selector", RSA)
    assert (again.exit_code, "already" in again.output) == (65, True)
    other = run(desk, "new", "other.test", "--selector", RSA, "--type", "ed25519")
    assert "No desk address is at other.test" in other.output
    several = run(desk, "show", RSA)
    assert (several.exit_code, "pd1.desk.test, pd1.other.test" in several.output) == (64, True)
    assert run(desk, "show", "pd1.other.test").exit_code == 0


def test_the_files_are_for_their_owner(desk: Path) -> None:
    """One that others can read is not used, and that is said with what to do."""
    run(desk, "new", "desk.test", "--selector", RSA, "--type", "ed25519")
    run(desk, "use", RSA, "--force")
    file = desk.parent / "dkim" / "pd1.desk.test.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    file.chmod(0o640)
    assert f"it can be read by others; run: chmod 600 {file}" in run(desk, "list").output
    assert "FAULT signatures" in CliRunner().invoke(app, ["--config", str(desk), "check"]).output
    with capture_logs():
        assert folder(desk).signers("desk.test") == ()


def test_a_running_process_sees_a_change(tmp_path: Path) -> None:
    """A few seconds later, without a restart; it looks no more often than that."""
    clock = [0.0]
    running, command = KeyFolder(tmp_path / "dkim", lambda: clock[0]), KeyFolder(tmp_path / "dkim")
    assert running.signers("desk.test") == ()
    key = dkim_keys.new("desk.test", RSA, "ed25519", dkim_state.now()).becomes("active", dkim_state.now())
    command.write(key)
    clock[0] += LOOKS_SECONDS - 0.1
    assert running.signers("desk.test") == ()
    clock[0] += 0.2
    assert [one.name for one in running.signers("desk.test")] == [key.name]
    command.write(key.becomes("retired", dkim_state.now()))
    clock[0] += LOOKS_SECONDS
    assert running.signers("desk.test") == ()


def test_a_broken_file_keeps_no_other_key_back(tmp_path: Path) -> None:
    """It is told once, when it is seen; letters of the other domain stay signed."""
    clock = [0.0]
    keys = KeyFolder(tmp_path, lambda: clock[0])
    now = dkim_state.now()
    keys.write(dkim_keys.new("desk.test", RSA, "ed25519", now).becomes("active", now))
    broken = tmp_path / "pd1.other.test.pem"
    broken.write_text("not a key", encoding="ascii")
    broken.chmod(0o600)
    with capture_logs() as logs:
        for _ in range(3):
            clock[0] += LOOKS_SECONDS
            assert len(keys.signers("desk.test")) == 1
    assert [entry["log_level"] for entry in logs] == ["error"]
    assert "no private key" in logs[0]["fault"]


def test_a_key_that_others_can_read_stays_in_the_list(desk: Path) -> None:
    """It signs nothing, and that is to be seen where one looks for it; so is a file that is no key."""
    run(desk, "new", "desk.test", "--selector", RSA)
    keys = folder(desk)
    ((key,), _) = keys.read()
    path = keys.write(key.becomes("active", dkim_state.now()))
    path.chmod(0o644)
    said = run(desk, "list")
    assert f"pd1.desk.test: active, unusable: it can be read by others; run: chmod 600 {path}" in said.stdout
    assert "There is no key" not in said.output
    assert states(desk) == {RSA: ("active", "unusable")}
    path.chmod(0o600)
    path.write_text("nothing", encoding="ascii")
    assert "pd1.desk.test: unknown, unusable: " in run(desk, "list").stdout


def test_the_next_command_names_one_key(desk: Path) -> None:
    """Where two domains share a selector, what is printed has the domain too, and works."""
    assert run(desk, "new", "desk.test", "--selector", RSA).output.rstrip().endswith(f"dkim use {RSA}")
    second = run(desk, "new", "elsewhere.test", "--selector", RSA)
    assert f"dkim use {RSA}.elsewhere.test" in second.output
    assert "Several keys have the selector" not in run(desk, "use", f"{RSA}.elsewhere.test").output
