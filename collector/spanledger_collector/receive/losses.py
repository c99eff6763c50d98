"""What a client says it could not send: spans by reason, from a header of its next request.

The header comes from strangers: reasons that we do not know become "other", and what is no number
is left out.
"""

from collections import Counter

HEADER = b"x-spanledger-lost"
REASONS = frozenset({"queue_full", "gave_up", "refused", "unencodable", "shutdown", "failed"})
LONGEST = 1_000  # bytes
MOST = 10**9  # spans of one reason


def losses(header: bytes) -> Counter[str]:
    """Return what `reason=count,reason=count` tells."""
    found: Counter[str] = Counter()
    for part in header[:LONGEST].decode("latin-1").split(","):
        reason, _, count = part.strip().partition("=")
        if count.isascii() and count.isdigit() and len(count) < len(str(MOST)):
            found[reason if reason in REASONS else "other"] += int(count)
    return found
