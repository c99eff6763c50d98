"""What all spans of one resource and one library have in common, found out once and laid out once.

Takes resources and scopes as decoded; a request has one or two of each and hundreds of spans. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from spanledger_schema.span import Scope, Span


@dataclass(slots=True)
class Origin:
    """Where spans come from; texts are empty where the resource does not say."""

    service: str
    environment: str
    release: str
    resource: bytes  # JSON
    scope: bytes  # JSON


class Origins:
    """The origins of the spans of one request, which share the objects that say it."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], Origin] = {}

    def of(self, span: Span) -> Origin:
        """Return where a span comes from."""
        key = id(span.resource), id(span.scope)  # none is let go of while the request is read
        if (found := self._known.get(key)) is None:
            found = self._known[key] = origin(span.resource, span.scope)
        return found


def origin(resource: Mapping[str, Any], scope: Scope) -> Origin:
    """Return what a resource and a library say of their spans."""
    current, older = "deployment.environment.name", "deployment.environment"
    return Origin(
        service=resource_text(resource, "service.name"),
        environment=resource_text(resource, current) or resource_text(resource, older),
        release=resource_text(resource, "service.version"),
        resource=json(resource),
        scope=json({"name": scope.name, "version": scope.version, "schema_url": scope.schema_url}),
    )


def resource_text(resource: Mapping[str, Any], name: str) -> str:
    """Return a resource attribute as text, '' when absent."""
    value = resource.get(name)
    return value if isinstance(value, str) else ""


def json(value: Any) -> bytes:
    """Return a value as JSON; bytes inside it as hex."""
    return orjson.dumps(value, default=bytes.hex)
