"""What a generator yields to what is told of it: texts joined, other items as a list.

Held while it runs, so no more is held than can be told: of texts as much as one value may have, of
other items their first; how much there was in all is counted.
"""

import time

from spanledger.cut import CUT, cut
from spanledger.recording import Recording

MOST_ITEMS = 999  # that are kept; with the one that counts the rest a list is told whole
MARK_BYTES = 64  # more than what says how long a text was
FIRST_ITEM = "gen_ai.response.time_to_first_chunk"  # seconds


class Stream:
    """What a generator yielded, as far as it is kept."""

    __slots__ = ("_began", "_characters", "_count", "_items", "_recording", "_room", "_texts")

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._items: list[object] = []
        self._count = self._characters = 0
        self._texts = True
        self._room = max(0, recording.limit - MARK_BYTES)
        self._began = time.perf_counter()

    def add(self, item: object) -> None:
        """Take one more item in."""
        if not self._count and self._recording.shape.kind == "llm":
            self._recording.set({FIRST_ITEM: time.perf_counter() - self._began})
        self._count += 1
        if not self._recording.keeps:
            return
        if type(item) is str:
            self._add_text(item)
        else:
            self._texts = False
            if len(self._items) < MOST_ITEMS:
                self._items.append(item)

    def _add_text(self, text: str) -> None:
        """Keep of a text what there is room for; of texts there may be any number."""
        self._characters += len(text)
        if self._room:
            kept = text[: self._room]
            self._room -= len(kept)
            self._items.append(kept)

    def tell(self, value: object = None) -> None:
        """Put on the span what came out: the items, joined where they are texts, or the value."""
        told = (self._text() if self._texts else self._list()) if self._count else value
        if told is not None:
            self._recording.put(self._recording.shape.output_key, told)

    def _text(self) -> str:
        """Return the texts as one, cut at a character where they are too long."""
        whole = "".join(self._items)  # type: ignore[arg-type]  # they are texts, all of them
        if len(whole) == self._characters:
            return whole
        return cut(whole, self._recording.limit - MARK_BYTES, self._characters)

    def _list(self) -> list[object]:
        """Return the items that were kept, and how many there were besides."""
        more = self._count - len(self._items)
        return [*self._items, f"{CUT} {more} more"] if more else self._items
