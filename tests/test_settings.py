"""Settings: who wins, what is refused and with which words."""

import argparse
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanledger_collector import settings
from spanledger_collector.settings import SettingInvalid, Settings, load


def test_nothing_given_means_the_defaults():
    chosen = load({}, {})
    home = Path.home() / ".spanledger"
    assert chosen == Settings(
        data=home, store=f"chdb://{home}/store", api_url="http://127.0.0.1:4320"
    )
    assert chosen.spool_dir == home / "spool"


def test_a_flag_beats_a_variable_beats_a_file_beats_the_default(tmp_path: Path):
    file = tmp_path / "settings.toml"
    file.write_text("http_port = 1001\napi_port = 1002\nui_port = 1003\n")
    environ = {"SPANLEDGER_CONFIG": str(file), "SPANLEDGER_HTTP_PORT": "2001", "SPANLEDGER_API_PORT": "2002"}  # fmt: skip
    chosen = load({"http_port": "3001", "grpc_port": None}, environ)
    assert (chosen.http_port, chosen.api_port, chosen.ui_port, chosen.grpc_port) == (3001, 2002, 1003, 4317)  # fmt: skip


def test_a_file_named_by_a_flag_beats_one_named_by_a_variable(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / name).write_text(f'host = "{name}"\n')
    chosen = load({"config": tmp_path / "a"}, {"SPANLEDGER_CONFIG": str(tmp_path / "b")})
    assert chosen.host == "a"


def test_an_empty_variable_is_as_good_as_none():
    assert load({}, {"SPANLEDGER_HTTP_PORT": ""}).http_port == 4318


def test_other_flags_of_a_command_are_left_alone():
    assert load({"speed": 3, "host": "::1"}, {}) == load({"host": "::1"}, {})


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("HTTP_PORT", "http", "SPANLEDGER_HTTP_PORT: 'http' will not do; give a port from 1 to 65535"),
        ("HTTP_PORT", "65536", "SPANLEDGER_HTTP_PORT: '65536' will not do; give a port from 1 to 65535"),
        ("UI_PORT", "0", "SPANLEDGER_UI_PORT: '0' will not do; give a port from 1 to 65535"),
        ("HOST", "http://x", "SPANLEDGER_HOST: 'http://x' will not do; give a host name or address such as 127.0.0.1, without http://"),
        ("STORE", "mysql://x", "SPANLEDGER_STORE: 'mysql://x' will not do; give chdb:///folder or http://user:password@host:8123/database"),
        ("STORE", "chdb://", "SPANLEDGER_STORE: 'chdb://' will not do; name the folder that holds the data, as in chdb:///var/lib/spanledger"),
        ("STORE", "http://", "SPANLEDGER_STORE: 'http://' will not do; name the server, as in http://user:password@host:8123/database"),
        ("API_URL", "localhost:4320", "SPANLEDGER_API_URL: 'localhost:4320' will not do; give an address such as http://127.0.0.1:4320"),
        ("DURABILITY", "maybe", "SPANLEDGER_DURABILITY: 'maybe' will not do; give fsync (survives a power loss) or os (survives a killed process)"),
        ("SCREENS", "no", "SPANLEDGER_SCREENS: 'no' will not do; give on or off"),
        ("MAX_BODY_BYTES", "64 MB", "SPANLEDGER_MAX_BODY_BYTES: '64 MB' will not do; give bytes, or a size such as 64MiB or 10GiB"),
        ("MAX_BODY_BYTES", "-1", "SPANLEDGER_MAX_BODY_BYTES: '-1' will not do; give bytes, or a size such as 64MiB or 10GiB"),
        ("DRAIN_SPANS", "0", "SPANLEDGER_DRAIN_SPANS: '0' will not do; give a whole number above 0"),
        ("SPOOL_KEEP_S", "nan", "SPANLEDGER_SPOOL_KEEP_S: 'nan' will not do; give seconds, such as 0.25 or 3600"),
        ("SPOOL_KEEP_S", "1h", "SPANLEDGER_SPOOL_KEEP_S: '1h' will not do; give seconds, such as 0.25 or 3600"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_with_its_name_itself_and_the_way_out(
    variable: str, value: str, sentence: str
):
    with pytest.raises(SettingInvalid) as caught:
        load({}, {f"SPANLEDGER_{variable}": value})
    assert str(caught.value) == sentence


def test_a_bad_flag_is_named_as_the_flag():
    with pytest.raises(SettingInvalid, match=r"^--spool-max-bytes: 'big' will not do"):
        load({"spool_max_bytes": "big"}, {"SPANLEDGER_SPOOL_MAX_BYTES": "1"})


def test_a_refused_store_keeps_its_password_to_itself():
    with pytest.raises(SettingInvalid) as caught:
        load({"store": "mysql://me:secret@db"}, {})
    assert "mysql://***@db" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_store_is_shown_without_its_password():
    chosen = load({"store": "http://me:p@ss@db:8123/spans"}, {})
    assert chosen.store_shown == "http://***@db:8123/spans"
    assert "p@ss" not in repr(chosen)


@pytest.mark.parametrize(
    ("written", "size"),
    [("1", 1), ("1024", 1024), ("64MiB", 64 << 20), ("10 GiB", 10 << 30), ("2TiB", 2 << 40)],
)
def test_a_size_may_have_a_unit(written: str, size: int):
    assert load({"spool_max_bytes": written}, {}).spool_max_bytes == size


def test_two_services_cannot_share_a_port():
    with pytest.raises(SettingInvalid) as caught:
        load({"ui_port": "4318"}, {})
    assert str(caught.value) == (
        "--http-port and --ui-port are both 4318; give one of them another port"
    )


def test_an_unknown_line_of_a_file_is_refused_with_the_one_that_was_meant(tmp_path: Path):
    file = tmp_path / "settings.toml"
    file.write_text("htp_port = 1\n")
    with pytest.raises(SettingInvalid) as caught:
        load({"config": str(file)}, {})
    assert (
        str(caught.value) == f"settings file {file}: no setting is called htp_port; see http_port"
    )


@pytest.mark.parametrize("content", ["http_port 1", "\xff", None])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: str | None):
    file = tmp_path / "settings.toml"
    if content is not None:
        file.write_text(content, encoding="latin-1")
    with pytest.raises(
        SettingInvalid, match=f"^settings file {file}: .*; mend it or leave it out$"
    ):
        load({"config": str(file)}, {})


def test_lists_are_lists_in_a_file_and_commas_elsewhere(tmp_path: Path):
    file = tmp_path / "settings.toml"
    file.write_text('allowed_hosts = ["a.example", "b.example"]\n')
    from_file = load({"config": str(file)}, {})
    assert from_file.allowed_hosts == ("a.example", "b.example")
    assert (
        load({"allowed_hosts": "a.example, b.example,"}, {}).allowed_hosts
        == from_file.allowed_hosts
    )


def test_a_folder_may_start_at_home_and_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert load({"data": "~/here"}, {}).data == Path.home() / "here"
    assert load({"data": "here"}, {}).data == tmp_path / "here"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:4318"),
        ("0.0.0.0", "http://127.0.0.1:4318"),
        ("::", "http://[::1]:4318"),
        ("fd00::7", "http://[fd00::7]:4318"),
        ("ledger.example", "http://ledger.example:4318"),
    ],
)
def test_our_own_address_can_be_asked_whatever_we_listen_on(host: str, url: str):
    chosen = load({"host": host}, {})
    assert chosen.url(chosen.http_port) == url


PORT = st.integers(1, 65535)


@given(
    st.lists(PORT, min_size=4, max_size=4, unique=True),
    st.sampled_from(["", "chdb:///x/y", "https://u:p@h:8443/d"]),
    st.floats(0, 1e9),
    st.integers(1, 1 << 50),
)
def test_another_process_loads_the_same_settings_from_the_environment(
    ports: list[int], store: str, keep_s: float, size: int
):
    names = ("http_port", "grpc_port", "api_port", "ui_port")
    given_settings = dict(zip(names, ports, strict=True)) | {
        "store": store,
        "spool_keep_s": keep_s,
        "max_body_bytes": size,
    }
    chosen = load(given_settings, {})
    assert load({}, chosen.environ()) == chosen


def test_every_setting_has_a_flag_with_help():
    parser = argparse.ArgumentParser()
    settings.add_flags(parser)
    help_page = parser.format_help()
    for each in fields(Settings):
        assert settings.flag(each.name) in help_page
    assert all(declared.help for declared in settings.declared().values())


def test_a_command_may_take_some_flags_only():
    parser = argparse.ArgumentParser()
    settings.add_flags(parser, "data", "host")
    args = parser.parse_args(["--data", "/x", "--host", "::1"])
    assert settings.from_args(args).host == "::1"
    with pytest.raises(SystemExit):
        parser.parse_args(["--ui-port", "1"])
