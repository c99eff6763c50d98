"""The one line by which a step of the transcript is recognised."""

import pytest

from spanledger_collector.dialects import PREVIEW_LENGTH, preview


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        ("plain  words\n", "plain words"),
        ('[{"role":"assistant","parts":[{"type":"text","content":"Hi there"}]}]', "Hi there"),
        ('{"choices":[{"message":{"role":"assistant","content":"Hi"}}]}', "Hi"),
        (
            '{"messages":[{"type":"ai","data":{"content":"","tool_calls":'
            '[{"name":"issue_refund","args":{"order_id":"B-2"},"id":"c1"}]}}]}',
            'issue_refund({"order_id":"B-2"})',
        ),
        ('{"messages":[{"type":"human","data":{"content":"Please refund"}}]}', "Please refund"),
        ('{"order_id": "B-2"}', '{"order_id":"B-2"}'),
        ("", None),
        (None, None),
    ],
)
def test_a_preview_is_the_first_words_whatever_shape_they_came_in(
    sent: str | None, line: str | None
):
    assert preview(sent) == line


def test_a_preview_of_long_words_ends_where_its_line_ends():
    found = preview("word " * 1000)
    assert found is not None
    assert (len(found), found[-1]) == (PREVIEW_LENGTH, "…")
