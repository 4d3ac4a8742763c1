"""Settings: defaults, file and environment over each other; all faults at once, and no secret told."""

import os
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from postdesk.cli import app, load_commands
from postdesk.settings import Loaded, SettingsError, find_file, load
from postdesk.wiring import House

GOOD = '[desk]\nname = "Works Desk"\naddresses = [{ address = "Service@Desk.test" }]\n'


def write(folder: Path, text: str, name: str = "postdesk.toml", mode: int = 0o600) -> Path:
    """A file in the folder."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def faults(folder: Path, text: str, **environment: str) -> list[str]:
    """What is wrong with these settings, a line for each."""
    with pytest.raises(SettingsError) as caught:
        load(write(folder, text), environment)
    return caught.value.faults


def test_three_errors_are_three_lines(tmp_path: Path) -> None:
    """Each with the file, the key and what would be right; all of them at once."""
    text = '[smtp]\nport = "many"\n[mail]\nsub_address = "colon"\n[desk]\ntime_zone = "Europe/Atlantis"\n'
    found = sorted(faults(tmp_path, text))
    assert len(found) == 3
    for line, (key, right) in zip(
        found,
        [
            ("desk.time_zone", "a zone like Europe/London"),
            ("mail.sub_address", "'plus' or 'dash'"),
            ("smtp.port", "valid integer"),
        ],
        strict=True,
    ):
        assert line.startswith(f"{tmp_path}/postdesk.toml: {key}: ")
        assert right in line


def test_an_unknown_key_names_its_neighbours(tmp_path: Path) -> None:
    """A slip of the pen is not passed over."""
    (line,) = faults(tmp_path, "[smtp]\nprot = 25\n")
    assert line.startswith(
        f"{tmp_path}/postdesk.toml: smtp.prot: there is no such setting; known here: enabled, host, port"
    )
    (line,) = faults(tmp_path, "[smpt]\nport = 25\n")
    assert "smpt: there is no such setting; known here: desk, database" in line
    (line,) = faults(tmp_path, "", POSTDESK_SMTP__PROT="25")
    assert line.startswith("environment: POSTDESK_SMTP__PROT: there is no such setting")


@pytest.mark.parametrize(
    "text, words",
    [
        ('[desk]\nbase_url = "desk"', "https://desk.example.com"),
        ('[desk]\naddresses = [{ address = "me" }]', "service@example.com"),
        ('[database]\nurl = "mysql://x"', "sqlite:/// or postgresql"),
        ("[smtp]\nport = 99999", "65535"),
        ("[mail]\nmax_mb = 0", "greater than 0"),
        ('[smtp]\ntls_key = "k"', "set both, or neither"),
        ('[relay]\nmode = "smtp"', "must name the relay"),
        ("[desk", "is not TOML"),
        ('[relay]\nmode = "smtp"\nhost = "mx.test"\ntls = "none"', "allowed only to this machine"),
        ('[[mailbox]]\nname = "a"\nhost = "mx.test"\nuser = "u"\ntls = "none"', "mailbox.0.tls"),
        ('[[mailbox]]\nname = "a"\nuser = "u"', "mailbox.0.host"),
        ("desk = 5", "desk"),
        ('[desk]\naddresses = [{ address = "a@b.test" }, { address = "A@b.test" }]', "names an address twice"),
    ],
)
def test_what_can_be_wrong(tmp_path: Path, text: str, words: str) -> None:
    """One fault, one line that says what would be right."""
    (line,) = faults(tmp_path, text)
    assert words in line


def test_a_file_that_is_not_there_or_cannot_be_read(tmp_path: Path) -> None:
    """The way out is in the line."""
    with pytest.raises(SettingsError, match=r"postdesk --config .* init"):
        load(tmp_path / "none.toml", {})
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path, {})
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "bad.toml", {})


def test_file_over_defaults_and_environment_over_both(tmp_path: Path) -> None:
    """The nearer wins, key by key; the rest stays as shipped."""
    path = write(tmp_path, GOOD + "[smtp]\nport = 26\nhost = '127.0.0.2'\n")
    found = load(path, {"POSTDESK_SMTP__PORT": "27", "POSTDESK_DESK__LANGUAGE": "de", "OTHER": "x"}).settings
    assert (found.smtp.port, found.smtp.host, found.lmtp.port) == (27, "127.0.0.2", 2424)
    assert (found.desk.name, found.desk.language, found.desk.addresses[0].address) == (
        "Works Desk",
        "de",
        "service@desk.test",
    )


def test_lists_and_tables_in_the_environment(tmp_path: Path) -> None:
    """As in TOML, and one key of a table in a list by its place."""
    path = write(tmp_path, GOOD + '[[mailbox]]\nname = "a"\nhost = "mx.test"\nuser = "u"\n')
    environment = {
        "POSTDESK_SENDER__TRUSTED_AUTHSERV_IDS": '["mx.test", "b.test"]',
        "POSTDESK_DESK__ADDRESSES": '[{ address = "other@desk.test", team = "Network" }]',
        "POSTDESK_MAILBOX__0__PASSWORD": "secret",
    }
    found = load(path, environment).settings
    assert found.sender.trusted_authserv_ids == ("mx.test", "b.test")
    assert [entry.address for entry in found.desk.addresses] == ["other@desk.test"]
    assert found.mailbox[0].password.get_secret_value() == "secret"


def test_which_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chosen one, POSTDESK_CONFIG, var/postdesk.toml below the working folder, else none."""
    monkeypatch.chdir(tmp_path)
    assert find_file(None, {}) in (None, Path("/etc/postdesk/postdesk.toml"))
    (tmp_path / "var").mkdir()
    write(tmp_path / "var", GOOD)
    assert find_file(None, {}) == tmp_path / "var/postdesk.toml"
    assert find_file(None, {"POSTDESK_CONFIG": "b.toml"}) == tmp_path / "b.toml"
    assert find_file(Path("a.toml"), {"POSTDESK_CONFIG": "b.toml"}) == tmp_path / "a.toml"


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    """Wherever the command is called."""
    found = load(write(tmp_path, GOOD), {}).settings
    assert found.blobs.folder == tmp_path / "blobs"
    assert found.secrets.key_file == tmp_path / "secret.key"
    assert found.database.url == f"sqlite:///{tmp_path}/desk.db"


def test_secrets_from_files(tmp_path: Path) -> None:
    """Read when only the owner can; refused, with the command that mends it, when others can."""
    secret = write(tmp_path, "hidden words\n", "relay.password")
    text = (
        GOOD
        + '[relay]\npassword_file = "relay.password"\n'
        + '[database]\nurl = "postgresql+psycopg://desk@db.test/desk"\npassword = "p w"\n'
    )
    found = load(write(tmp_path, text), {}).settings
    assert found.relay.password.get_secret_value() == "hidden words"
    assert make_url(found.database.url).password == "p w"
    for mode in (0o640, 0o604, 0o644):
        secret.chmod(mode)
        assert faults(tmp_path, text) == [
            f"relay.password_file: {secret} can be read by others; run: chmod 600 {secret}"
        ]
    secret.unlink()
    assert faults(tmp_path, text) == [f"relay.password_file: {secret} cannot be read: FileNotFoundError"]


def test_the_key_file_is_refused_when_others_can_read_it(tmp_path: Path) -> None:
    """As are a broken one and none."""
    loaded = load(write(tmp_path, GOOD), {})
    with pytest.raises(SettingsError, match="make one with: postdesk init"):
        _ = House(loaded).keys
    key = write(tmp_path, "1:c2hvcnQ=", "secret.key", 0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        _ = House(loaded).keys
    key.chmod(0o600)
    with pytest.raises(SettingsError, match="32 bytes") as caught:
        _ = House(loaded).keys
    assert "c2hvcnQ" not in str(caught.value)


def test_no_secret_is_shown(tmp_path: Path) -> None:
    """Not by repr, str or a dump of the settings, nor by a fault in the key beside it."""
    environment = {
        "POSTDESK_DATABASE__PASSWORD": "hidden words",
        "POSTDESK_RELAY__PASSWORD": "hidden words",
        "POSTDESK_MAILBOX": '[{ name = "a", host = "h", user = "u", password = "hidden words" }]',
    }
    found: Loaded = load(write(tmp_path, GOOD), environment)
    for shown in (repr(found), str(found.settings), str(found.settings.model_dump())):
        assert "hidden" not in shown
    for line in faults(
        tmp_path, GOOD, **environment, POSTDESK_RELAY__PORT="hidden words", POSTDESK_MAIL__MAX_MB="hidden"
    ):
        assert "hidden" not in line


def test_the_settings_cannot_be_changed(tmp_path: Path) -> None:
    """Frozen, all the way down."""
    found = load(write(tmp_path, GOOD), {}).settings
    for part in (found, found.smtp, found.desk.addresses[0]):
        with pytest.raises(ValueError, match="frozen"):
            part.port = 1  # type: ignore[union-attr]


def test_the_command_says_all_and_ends_with_78(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """EX_CONFIG of sysexits.h, one line for each fault."""
    for name in [name for name in os.environ if name.startswith("POSTDESK_")]:
        monkeypatch.delenv(name)
    path = write(tmp_path, "[smtp]\nport = -1\nprot = 2\n")
    load_commands()
    done = CliRunner().invoke(app, ["--config", str(path), "migrate"])
    assert done.exit_code == 78
    assert done.output.count(f"{path}: smtp.") == 2


def test_conflicts_are_told_with_the_other_faults_and_their_place(tmp_path: Path) -> None:
    """One start shows all: faulty values and what does not go together, each with the file or the variable."""
    text = '[smtp]\nport = 99999\ntls_key = "k"\n[relay]\nmode = "smtp"\n[desk]\nname = ""\n'
    file = f"{tmp_path}/postdesk.toml"
    found = faults(tmp_path, text)
    assert [line.rpartition(": ")[0] for line in found] == [
        f"{file}: desk.name",
        f"{file}: smtp.port",
        f"{file}: smtp.tls_certificate, smtp.tls_key",
        f"{file}: relay.host",
    ]
    (line,) = faults(tmp_path, GOOD + '[relay]\nmode = "smtp"\n')
    assert line == f'{file}: relay.host: must name the relay when relay.mode is "smtp"'
    (line,) = faults(tmp_path, GOOD, POSTDESK_RELAY__MODE="smtp")
    assert line.startswith("environment: POSTDESK_RELAY__HOST: must name the relay")


def test_a_conflict_that_a_faulty_value_makes_is_not_told(tmp_path: Path) -> None:
    """The value is told; what the default in its place would clash with is not."""
    (line,) = faults(tmp_path, GOOD + '[smtp]\ntls_certificate = 5\ntls_key = "k"\n')
    assert "smtp.tls_certificate: input should be a valid string" in line
    (line,) = faults(
        tmp_path, '[desk]\naddresses = [{ address = "me" }, { address = "me" }]\n'.replace('"me" }]', '"a@b.test" }]')
    )
    assert "desk.addresses.0.address" in line


@pytest.mark.parametrize(
    "text, line", [("[desk]\nname = \n", 2), ("[desk]\nname = 1\nname = 2\n", 3), ("[desk]\n\n[smtp", 3)]
)
def test_a_file_that_is_not_toml_is_told_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    """Also where the reader says no more than that the document ended."""
    (told,) = faults(tmp_path, text)
    assert told.startswith(f"{tmp_path}/postdesk.toml: is not TOML: ")
    assert f"(at line {line}, " in told
