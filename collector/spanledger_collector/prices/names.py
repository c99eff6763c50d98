"""Model names: as spans report them in, the names a price list may know them by out.

Strips routes ("openai/gpt-4o"), resource names and ARNs, and tells a version suffix from a
different model that only begins alike. Knows no prices.
"""

import re
from collections.abc import Iterator

from spanledger_collector.providers import FOLDS

ROUTES = frozenset(FOLDS) | {
    "converse",
    "invoke",
    "litellm",
    "litellm_proxy",
    "text-completion-openai",
    "responses",
    "models",
    "global",
    "global-standard",
}
"""First parts of a name that say how a call was routed, not which model answered."""

RESOURCE = re.compile(r"(?:projects/[^/]+/)?(?:locations/[^/]+/)?(?:publishers/[^/]+/)?models/(.+)")
"""Google resource names, from `models/X` to `projects/P/locations/L/publishers/V/models/X`."""

REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d")

OPAQUE_RESOURCES = frozenset(
    {"application-inference-profile", "provisioned-model", "custom-model", "imported-model"}
)
"""Kinds of Bedrock resource whose last part names a customer's own thing, not a model."""

VERSION = re.compile(
    r"""(?: -(?:19|20)\d{2}(?:-\d{2}-\d{2}|\d{4})       # -2024-08-06, -20241022
          | -\d{2}-(?:\d{2}|20\d{2})                    # -05-06, -09-2025
          | -\d{3,4}                                    # -001, -0613
          | @[\w.-]+                                    # @20241022, @default
          | -v\d+(?::\d+)?(?::\d+k)?  | :\d+(?::\d+k)?  # -v1:0, -v2, :0
          | -(?:latest|preview|exp|experimental)
          | :[\w.-]*:[\w.-]*:[\w.-]+  | \.ft-\S+        # fine-tunes: ft:MODEL:org:name:id
        )$""",
    re.VERBOSE,
)
"""One suffix that makes a name a version of the same model. They can follow one another."""

COMPACT_DATE = re.compile(r"-(20\d{2})(0[1-9]|1[0-2])([0-2]\d|3[01])(?=$|[-:])")

PROFILE = re.compile(r"(?:global|us-gov|us|eu|apac|ap|au|jp|ca|in|sa|mx|me|af|il|uk|kr)\.")
VENDOR = re.compile(r"[a-z0-9]+\.")


def candidates(model: str) -> Iterator[str]:
    """Yield the names to look a model up by, the most literal first.

    A slash can belong to the name (Groq's "openai/gpt-oss-20b"), so the whole name comes first
    and its routes are taken off one at a time.
    """
    name = model.strip().lower()
    if name.startswith("arn:"):
        if (found := of_arn(name)) is not None:
            yield found
        return
    yield name
    if resource := RESOURCE.fullmatch(name):
        name = resource[1]
        yield name
    while "/" in name:
        route, _, rest = name.partition("/")
        if not rest or not (route in ROUTES or REGION.fullmatch(route)):
            return
        name = rest
        yield name


def of_arn(arn: str) -> str | None:
    """Return the model that an ARN names, None when it names a customer's own resource."""
    kind, _, name = arn.split(":", 5)[-1].partition("/")
    return None if kind in OPAQUE_RESOURCES or not name else name.rpartition("/")[2]


def dashed(name: str) -> str:
    """Return a name with its compact date written out: LiteLLM's "-20251211" is "-2025-12-11"."""
    return COMPACT_DATE.sub(r"-\1-\2-\3", name)


def base(name: str) -> str:
    """Return a name without its version suffixes."""
    while (shorter := VERSION.sub("", name)) != name and shorter:
        name = shorter
    return name


def is_version(name: str, before: int, matched: int) -> bool:
    """Tell whether a partial match of a name covers all of it but version and vendor.

    Args:
        name: the reported name.
        before: how many characters precede the match.
        matched: how many characters matched.
    """
    return is_prefix(name[:before]) and before + matched >= len(base(name))


def is_prefix(text: str) -> bool:
    """Tell whether a text can precede a model name: routes, an inference profile, a vendor."""
    *routes, last = text.split("/")
    if any(route not in ROUTES for route in routes):
        return False
    profile = PROFILE.match(last)
    rest = last[profile.end() :] if profile else last
    return not rest or VENDOR.fullmatch(rest) is not None
