"""Ten seconds of nonsense through decoding; `make fuzz` does the same for ten minutes."""

from hypothesis import HealthCheck, given, settings

from tests.fuzz import Request, seeds, survives
from tests.fuzz import requests as any_request


def test_what_real_libraries_sent_is_taken_in_both_encodings():
    assert [request for request in seeds() if not survives(request)] == []


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(request=any_request)
def test_whatever_is_acknowledged_becomes_rows_and_all_else_is_refused_with_a_code(
    request: Request,
):
    survives(request)
