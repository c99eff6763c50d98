"""What beside the model selects a rate: a call's price context in, the pairs that matter out.

Brings the spellings of vendors and emitters to one, and leaves out what means "the usual price".
Whatever is left must be explained by a price list, a correction or an own row: `pricebook` never
charges the standard price for a context that nobody knows.
"""

from collections.abc import Mapping

Context = tuple[tuple[str, str], ...]
"""Pairs of key and value in lower case, sorted by key."""

KEYS: Mapping[str, str] = {
    "tier": "service_tier",
    "traffic_type": "service_tier",
    "data_residency": "region",
    "location": "region",
    "vertex_location": "region",
    "aws_region": "region",
    "azure_region": "region",
    "deployment": "deployment_type",
    "sku": "deployment_type",
}

USUAL: Mapping[str, frozenset[str]] = {
    "service_tier": frozenset(
        {"default", "standard", "standard_only", "auto", "on_demand", "ondemand"}
    ),
    "processing": frozenset(
        {"standard", "realtime", "real-time", "interactive", "online", "sync", "synchronous"}
        | {"streaming"}
    ),
    "speed": frozenset({"standard", "normal", "default"}),
    "inference_geo": frozenset({"global", "not_available"}),
    "region": frozenset({"global"}),
    "deployment_type": frozenset({"global", "globalstandard", "serverless", "ondemand"}),
}
"""Values that name the price which every list gives first."""

MEANINGS: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("service_tier", "batch"): (("processing", "batch"),),  # Anthropic reports batch as a tier
    ("service_tier", "on_demand_priority"): (("service_tier", "priority"),),  # Gemini trafficType
    ("service_tier", "on_demand_flex"): (("service_tier", "flex"),),
    ("batch", "true"): (("processing", "batch"),),
    ("batch", "false"): (),
    ("deployment_type", "globalbatch"): (("processing", "batch"),),
    ("deployment_type", "batch"): (("processing", "batch"),),
    ("deployment_type", "datazonestandard"): (("deployment_type", "datazone"),),
    ("deployment_type", "datazonebatch"): (
        ("deployment_type", "datazone"),
        ("processing", "batch"),
    ),
    ("deployment_type", "standard"): (("deployment_type", "regional"),),  # Azure's oldest kind
    ("deployment_type", "regionalstandard"): (("deployment_type", "regional"),),
}

TIERS = frozenset({"service_tier", "processing", "speed", "deployment_type"})
"""Keys that always change the price: an unknown value of them leaves a call unpriced."""


def canonical(context: Mapping[str, str] | None) -> Context:
    """Return the pairs of a context that can change a price."""
    if not context:
        return ()
    found: dict[str, str] = {}
    everywhere = False
    for raw_key, raw_value in context.items():
        key = raw_key.strip().lower()
        key = KEYS.get(key, key)
        value = folded(key, raw_value)
        if value in USUAL.get(key, frozenset()):
            everywhere |= key == "deployment_type"
        elif value:
            found.update(MEANINGS.get((key, value), ((key, value),)))
    if everywhere:
        found.pop("region", None)  # a global deployment costs the same wherever it is reached
    return tuple(sorted(found.items()))


def folded(key: str, value: str) -> str:
    """Return a value in lower case; names of deployments also without their separators."""
    text = str(value).strip().lower()
    if key == "deployment_type":
        return "".join(letter for letter in text if letter.isalnum())
    return text
