"""An id as it is kept: of a session, a user or a model, in at most 200 bytes. Pure."""

from hashlib import sha256

MOST_ID_BYTES = 200
HASH_DIGITS = 8


def short_id(said: str) -> str:
    """Return an id in at most 200 bytes; of a longer one, its end is a hash of the whole.

    So two long ids that begin alike stay two.
    """
    if len(said) <= MOST_ID_BYTES // 4:
        return said
    whole = said.encode()
    if len(whole) <= MOST_ID_BYTES:
        return said
    start = whole[: MOST_ID_BYTES - HASH_DIGITS - 1].decode(errors="ignore")
    return f"{start}~{sha256(whole).hexdigest()[:HASH_DIGITS]}"
