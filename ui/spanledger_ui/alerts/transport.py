"""What a channel is to the rest: something that is told messages, or says why it could not be."""

from collections.abc import Sequence
from typing import ClassVar, Protocol

from spanledger_ui.alerts.message import Message


class TransportError(Exception):
    """A message did not go out. `code` is a word for the log: never what the other side answered."""

    def __init__(self, code: str, *, permanent: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.permanent = permanent
        """Whether trying again would not help."""


class Transport(Protocol):
    """How channels of one kind are told; made of a section of the file of channels."""

    groups: ClassVar[bool]
    """Whether several messages go out as one; else `notify` gets them one by one."""

    def notify(self, messages: Sequence[Message]) -> None:
        """Tell of these alerts; raise TransportError when that did not work."""
