"""Fields that kinds of channels share."""

from dataclasses import field
from typing import Any


def hidden() -> Any:
    """Return a field that is never printed, and never written in the file of channels itself."""
    return field(repr=False, metadata={"secret": True})
