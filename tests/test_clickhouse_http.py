"""The test server must be believed before what runs through it is: clickhouse-connect's own HTTP
client against it, compared with what clickhouse-server does.
"""

from collections.abc import Iterator
from decimal import Decimal
from uuid import uuid4

import clickhouse_connect
import httpx
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.httpclient import HttpClient

TABLE = "CREATE TABLE t (n UInt64, s String, d Decimal(38, 12), a Array(String)) ENGINE = MergeTree ORDER BY n"
ROWS = [
    [1, "tab\there 'quoted' \\ ü", Decimal("0.000000000001"), ["a", "b"]],
    [2, "", Decimal(7), []],
]


@pytest.fixture(params=["lz4", "zstd", "gzip", False])
def client(request: pytest.FixtureRequest, clickhouse: str, database: str) -> Iterator[Client]:
    """Return a client on an empty database, for each way to compress."""
    with clickhouse_connect.get_client(dsn=clickhouse) as root:
        root.command(f"CREATE DATABASE {database}")
    with clickhouse_connect.get_client(
        dsn=clickhouse, database=database, compress=request.param, autogenerate_session_id=False
    ) as client:
        assert isinstance(client, HttpClient)
        yield client


def test_rows_come_back_as_they_were_inserted(client: Client):
    client.command(TABLE)
    summary = client.insert("t", ROWS, column_names=["n", "s", "d", "a"])
    assert summary.written_rows == 2
    assert [list(row) for row in client.query("SELECT * FROM t ORDER BY n").result_rows] == ROWS


def test_every_block_of_a_long_insert_is_stored(client: Client):
    client.command("CREATE TABLE long (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
    rows = [[n, "x" * 500] for n in range(20_000)]
    client.insert("long", rows, column_names=["n", "s"])
    assert client.command("SELECT uniqExact(n) FROM long") == 20_000


def test_an_empty_result_has_columns_and_no_rows(client: Client):
    client.command(TABLE)
    assert client.query("SELECT n FROM t").result_rows == []
    assert client.query("SELECT n, s FROM t LIMIT 0").column_names == ("n", "s")


def test_parameters_arrive_unharmed(client: Client):
    hostile = "a'b\\c\td\ne\0f ü {x:String}"
    (row,) = client.query(
        "SELECT {s:String}, {n:UInt64}, {many:Array(String)}",
        parameters={"s": hostile, "n": 2**63, "many": [hostile, ""]},
    ).result_rows
    assert row == (hostile, 2**63, [hostile, ""])


def test_long_parameters_travel_as_a_form(client: Client):
    many = [f"{n:040}" for n in range(5_000)]
    (row,) = client.query(
        "SELECT length({many:Array(String)})", parameters={"many": many}
    ).result_rows
    assert row == (5_000,)


def test_a_command_tells_a_result_from_none(client: Client):
    assert client.command("SELECT 1 + 1") == 2
    assert client.command("SELECT 'x', 'y'") == ["x", "y"]
    assert client.command(TABLE).query_id()  # type: ignore[union-attr]
    assert client.command("SELECT s FROM t") == ""


def test_an_error_carries_its_code_and_a_status(client: Client):
    with pytest.raises(DatabaseError, match="no_such_table") as caught:
        client.query("SELECT * FROM no_such_table")
    assert (caught.value.code, caught.value.name) == (60, "UNKNOWN_TABLE")


def test_an_insert_that_cannot_be_parsed_stores_nothing(client: Client):
    client.command(TABLE)
    with pytest.raises(DatabaseError):
        client.raw_insert("t", ["n"], b"no number\n", fmt="TabSeparated")
    assert client.command("SELECT count() FROM t") == 0


def test_settings_count_for_one_query_only(client: Client):
    ask = "SELECT getSetting('max_result_rows')"
    assert client.command(ask, settings={"max_result_rows": 77}) == 77
    assert client.command(ask) == 0


def test_an_unknown_setting_is_refused(client: Client):
    url = client.url  # type: ignore[attr-defined]
    answer = httpx.post(
        url, params={"query": "SELECT 1", "no_such_setting": "1", "password": "secret"}
    )
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (404, "115")


def test_a_readonly_client_can_neither_write_nor_lift_its_bounds(
    client: Client, clickhouse: str, database: str
):
    client.command(TABLE)
    with clickhouse_connect.get_client(
        dsn=clickhouse, database=database, settings={"readonly": 1, "max_result_rows": 5}
    ) as reader:
        assert reader.command("SELECT 1") == 1
        for forbidden in (
            "INSERT INTO t (n) VALUES (1)",
            "SET max_result_rows = 6",
            "DROP TABLE t",
        ):
            with pytest.raises(DatabaseError) as caught:
                reader.command(forbidden)
            assert caught.value.code == 164
        with pytest.raises(DatabaseError) as caught:
            reader.query("SELECT number FROM numbers(6)")
        assert caught.value.code == 396


def test_a_get_changes_nothing(clickhouse: str):
    answer = httpx.get(
        clickhouse, params={"query": "CREATE DATABASE never", "wait_end_of_query": "1"}
    )
    assert answer.headers["X-ClickHouse-Exception-Code"] == "164"


def test_a_repeated_batch_is_recognised_by_its_token(client: Client):
    client.command(TABLE + " SETTINGS non_replicated_deduplication_window = 100")
    for _ in range(2):
        client.insert(
            "t",
            ROWS,
            column_names=["n", "s", "d", "a"],
            settings={"insert_deduplication_token": "batch 1", "async_insert": 0},
        )
    assert client.command("SELECT count() FROM t") == 2


def test_a_session_keeps_what_a_query_sets_and_forgets_what_its_url_says(clickhouse: str):
    with clickhouse_connect.get_client(dsn=clickhouse, session_id=str(uuid4())) as client:
        client.command("SET max_result_rows = 88")
        client.command("SELECT 1", settings={"max_execution_time": 9})
        assert client.command("SELECT getSetting('max_result_rows')") == 88
        assert client.command("SELECT getSetting('max_execution_time')") == 0


def test_an_unknown_session_is_refused_when_it_must_exist(clickhouse: str):
    answer = httpx.post(
        clickhouse, params={"query": "SELECT 1", "session_id": "nobody's", "session_check": "1"}
    )
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (404, "372")


def test_a_wrong_password_is_refused(clickhouse: str):
    with pytest.raises(DatabaseError) as caught:
        clickhouse_connect.get_client(dsn=clickhouse.replace("secret", "guess"))
    assert caught.value.code == 516


def test_an_unknown_database_is_refused(clickhouse: str):
    answer = httpx.post(clickhouse, params={"query": "SELECT 1", "database": "nowhere"})
    assert answer.headers["X-ClickHouse-Exception-Code"] == "81"


def test_the_version_is_the_engines(clickhouse: str):
    with clickhouse_connect.get_client(dsn=clickhouse) as client:
        assert str(client.server_version).startswith("26.9.")


def test_ping_answers(clickhouse: str):
    assert httpx.get(f"{clickhouse}/ping").text == "Ok.\n"
