"""What a sender is told about spans that were kept but mended: now and then, to spare its log.

Every hundredth request of a key is decoded a second time, as the store will decode it, and the
flags of its spans are counted. The others are not looked at: nothing depends on the answer.
"""

import logging
from collections import Counter, OrderedDict
from collections.abc import Mapping

from spanledger_collector import decode, normalise
from spanledger_collector.mends import flags, started_ns
from spanledger_collector.spool import Batch
from spanledger_collector.usage import usage

log = logging.getLogger(__name__)

EVERY = 100  # requests of one key
MOST_BYTES = 1 << 20  # a larger body would hold the others up for too long
MOST_KEYS = 10_000

WARNINGS = frozenset(
    {
        "attributes_dropped",
        "cardinality_capped",
        "clock_skew",
        "cost_invalid",
        "duplicate_key",
        "duration_invalid",
        "enum_name_ignored",
        "id_shortened",
        "parent_invalid",
        "usage_invalid",
        "value_truncated",
    }
)


class Remarks:
    """Counts the requests of each key."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, int] = OrderedDict()

    def on(self, batch: Batch) -> Mapping[str, int]:
        """Return what to tell about a batch that is kept: spans by warning, mostly nothing."""
        seen = self._seen[batch.key_id] = self._seen.get(batch.key_id, -1) + 1
        if len(self._seen) > MOST_KEYS:
            self._seen.popitem(last=False)
        due = seen % EVERY == 0 and batch.signal == "traces" and len(batch.body) <= MOST_BYTES
        try:
            return warnings(batch) if due else {}
        except Exception:
            # It is on the disk: whatever goes wrong now, the sender must not send it again.
            log.exception("could not look for what to remark about a request")
            return {}


def warnings(batch: Batch) -> Counter[str]:
    """Return how many spans of a batch were mended, by code."""
    found: Counter[str] = Counter()
    for span in decode.spans(batch.body, batch.encoding).spans:
        facts = normalise.facts(span)
        used = usage(facts.counts, provider=facts.provider, scope=span.scope)
        told = flags(span, facts, used, started_ns(span, batch.received_ns))
        found.update(WARNINGS.intersection(told))
    return found
