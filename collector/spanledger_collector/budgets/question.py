"""A question to `decide` at the door: the body of a request in, a `Question` out, or why it is none.

Both doors read it here, the query API and ingest. Its validator is made without pydantic itself, which
would cost ingest a tenth of a second and six megabytes; the words of a refusal are the same.
"""

from decimal import Decimal

from pydantic_core import SchemaValidator, ValidationError
from pydantic_core import core_schema as says

from spanledger_collector.budgets.decide import Question
from spanledger_collector.ids import short_id
from spanledger_collector.problems import complaint

MOST_BYTES = 64 << 10
TOO_LONG = f"body: more than {MOST_BYTES} bytes"
LONGEST_TOOL = 200


class BadQuestion(ValueError):
    """A body asks nothing that can be meant; the message names each field."""


TEXTS = ("session", "user", "agent", "environment", "service", "provider", "model")
IDS = ("session", "user", "model")  # long ones are counted under what they are kept as
FIELDS = {
    **{name: says.with_default_schema(says.str_schema(), default="") for name in TEXTS},
    "tags": says.with_default_schema(says.list_schema(says.str_schema()), default_factory=list),
    "estimated_usd": says.with_default_schema(
        says.decimal_schema(ge=Decimal(0), allow_inf_nan=False), default=Decimal(0)
    ),
    "tool": says.with_default_schema(says.str_schema(max_length=LONGEST_TOOL), default=""),
    "arguments": says.with_default_schema(
        says.dict_schema(says.str_schema(), says.any_schema()), default_factory=dict
    ),
}
SCHEMA = says.typed_dict_schema(
    {name: says.typed_dict_field(each, required=False) for name, each in FIELDS.items()},
    extra_behavior="forbid",
    ref="QuestionForm",
)
VALIDATOR = SchemaValidator(SCHEMA)


def question(project_id: str, body: bytes) -> Question:
    """Return what is asked of a project.

    Raises:
        BadQuestion: the body is no question.
    """
    if len(body) > MOST_BYTES:
        raise BadQuestion(TOO_LONG)
    try:
        said = VALIDATOR.validate_json(body)
    except ValidationError as error:
        found = ({**each, "loc": ("body", *each["loc"])} for each in error.errors())
        raise BadQuestion(complaint(found)) from None
    kept = {name: short_id(said[name]) for name in IDS}
    return Question(project_id, **{**said, **kept, "tags": tuple(said["tags"])})
