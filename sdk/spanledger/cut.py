"""A text that is too long for its place, cut at a character; it says how long it was."""

CUT = "..."  # in ASCII: one other character would make two bytes of each of a million
PIECE = 1 << 16  # characters: what is encoded beyond the room is time for nothing


def cut(text: str, max_bytes: int, characters: int | None = None) -> str:
    """Return a text of `max_bytes` at most in UTF-8, and what it says of its length where it was cut.

    Args:
        text: of any length; lone surrogates, which have no place in UTF-8, become question marks.
        max_bytes: what is kept; a lone surrogate takes three, as it would if it had a place.
        characters: of the whole, where `text` is but its beginning.
    """
    whole = len(text) if characters is None else characters
    if whole <= max_bytes and str.isascii(text):
        return text
    if str.isascii(text):  # each character is a byte
        return f"{text[: max(max_bytes, 0)]}{CUT} ({whole} characters)"
    kept, left = [], max_bytes
    for start in range(0, len(text), PIECE):
        told, size = encoded(text[start : start + PIECE])
        kept.append(told[: left * len(told) // size])
        left -= size
        if left < 0:
            break
    head = b"".join(kept).decode("utf-8", "ignore")
    return head if left >= 0 and whole == len(text) else f"{head}{CUT} ({whole} characters)"


def encoded(piece: str) -> tuple[bytes, int]:
    """Return a text in UTF-8, and the bytes that it takes, which are more where it has lone surrogates."""
    try:
        told = piece.encode()
    except UnicodeEncodeError:
        told = piece.encode("utf-8", "replace")
        lone = told.count(b"?") - piece.count("?")
        return told, len(told) + 2 * lone
    return told, len(told)
