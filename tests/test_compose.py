"""Containers, as far as they can be tested where none runs: schema, versions, what goes where."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest
import yaml
from jsonschema import Draft202012Validator

from spanledger_collector import settings

ROOT = Path(__file__).parent.parent
SERVER_FOLDER = "/etc/clickhouse-server"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


def environment(service: dict[str, Any]) -> dict[str, str]:
    """Return a service's variables with the defaults that compose would put in."""
    fill = re.compile(r"\$\{\w+:-([^}]*)\}")
    return {name: fill.sub(r"\1", str(v)) for name, v in service["environment"].items()}


def test_the_compose_file_follows_the_specification(compose: dict[str, Any]):
    schema = json.loads((ROOT / "tests/data/compose/compose-spec.json").read_text())
    Draft202012Validator.check_schema(schema)
    errors = [e.message for e in Draft202012Validator(schema).iter_errors(compose)]
    assert errors == []


def test_the_schema_would_catch_a_mistake(compose: dict[str, Any]):
    schema = json.loads((ROOT / "tests/data/compose/compose-spec.json").read_text())
    compose = {**compose, "services": {"a": {"image": "x", "volums": []}}}
    assert list(Draft202012Validator(schema).iter_errors(compose))


def test_plain_up_starts_the_embedded_one_and_a_profile_the_server(compose: dict[str, Any]):
    default = dict(
        line.split("=") for line in (ROOT / ".env").read_text().splitlines() if "=" in line
    )["COMPOSE_PROFILES"]
    started = {
        profile: {n for n, s in compose["services"].items() if profile in s["profiles"]}
        for profile in (default, "server")
    }
    assert started == {
        "embedded": {"spanledger"},
        "server": {"spanledger-server", "clickhouse"},
    }


def test_the_server_is_the_version_that_the_engine_carries(compose: dict[str, Any], engine: str):
    with clickhouse_connect.get_client(dsn=engine) as client:
        carried = ".".join(str(client.server_version).split(".")[:2])
    assert compose["services"]["clickhouse"]["image"] == f"clickhouse/clickhouse-server:{carried}"


@pytest.mark.parametrize("name", ["spanledger", "spanledger-server"])
def test_a_container_of_ours_can_do_little_and_write_little(compose: dict[str, Any], name: str):
    service = compose["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [v.partition(":")[2] for v in service["volumes"]] == ["/data"]


def test_ports_are_published_on_this_machine_only(compose: dict[str, Any]):
    ports = [p for s in compose["services"].values() for p in s.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_variables_are_settings_we_have(compose: dict[str, Any]):
    for name in ("spanledger", "spanledger-server"):
        variables = environment(compose["services"][name])
        known = {settings.variable(setting) for setting in settings.declared()}
        assert variables.keys() <= known
        settings.load({}, variables)


def test_spanledger_asks_the_server_as_the_user_it_creates(compose: dict[str, Any]):
    server = environment(compose["services"]["clickhouse"])
    store = environment(compose["services"]["spanledger-server"])["SPANLEDGER_STORE"]
    user, password = server["CLICKHOUSE_USER"], server["CLICKHOUSE_PASSWORD"]
    assert store == f"http://{user}:{password}@clickhouse:8123"


def test_every_mounted_file_exists_and_is_read_by_the_server(compose: dict[str, Any]):
    mounted = [
        volume.split(":")
        for volume in compose["services"]["clickhouse"]["volumes"]
        if volume.startswith("./")
    ]
    assert {Path(inside).parent.name for _, inside, _ in mounted} == {"config.d", "users.d"}
    for outside, inside, mode in mounted:
        assert ET.parse(ROOT / outside).getroot().tag == "clickhouse"
        assert inside.startswith(SERVER_FOLDER)
        assert mode == "ro"


def test_the_servers_own_logs_are_off_or_short_lived():
    config = ET.parse(ROOT / "deploy/clickhouse/config.xml").getroot()
    logs = [child for child in config if child.tag.endswith("_log")]
    kept = {log.tag: log.findtext("ttl") for log in logs if log.get("remove") != "1"}
    ttl = "event_date + INTERVAL 3 DAY DELETE"
    assert kept == {"query_log": ttl, "part_log": ttl}
    assert len(logs) > 15


def test_the_profile_names_settings_that_the_engine_knows(engine: str):
    users = ET.parse(ROOT / "deploy/clickhouse/users.xml").getroot()
    profile = users.find("profiles/default")
    assert profile is not None
    wanted = {child.tag for child in profile}
    with clickhouse_connect.get_client(dsn=engine) as client:
        known = {row[0] for row in client.query("SELECT name FROM system.settings").result_rows}
    assert wanted
    assert wanted <= known


def test_the_image_runs_as_nobody_in_particular_and_tells_its_health():
    text = (ROOT / "Dockerfile").read_text()
    assert "\nUSER 10001:10001\n" in text
    assert "\nHEALTHCHECK " in text
    assert text.index("USER 10001") < text.index("\nCMD ")


def test_the_image_is_built_from_files_that_are_there_and_not_ignored():
    copied = {
        source
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    }
    allowed = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert copied == allowed
    assert all((ROOT / source).exists() for source in copied)
