"""A text that is too long for its place, cut at a character; it says how long it was."""

CUT = "…"


def cut(text: str, max_bytes: int, characters: int | None = None) -> str:
    """Return a text of `max_bytes` at most in UTF-8, and what it says of its length where it was cut.

    Args:
        text: of any length; lone surrogates, which have no place in UTF-8, become question marks.
        max_bytes: what is kept.
        characters: of the whole, where `text` is but its beginning.
    """
    whole = len(text) if characters is None else characters
    if whole <= max_bytes and str.isascii(text):
        return text
    head = text[:max_bytes].encode("utf-8", "replace")
    kept = head[:max_bytes].decode("utf-8", "ignore")
    if len(head) <= max_bytes and whole <= max_bytes:
        return kept
    return f"{kept}{CUT} ({whole} characters)"
