"""Shapes of the query API about who may do what: API keys, projects."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as it is listed. The key itself is shown once, when it is made."""

    id: str
    hint: str  # its last four characters
    project_id: str  # "*": every project
    scopes: list[str]
    name: str
    created_at: str
    expires_at: str | None
    revoked: bool


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """An API key at the one moment when it can be read."""

    key: str
    kept: ApiKey


@dataclass(frozen=True, slots=True)
class Projects:
    """The projects that whoever asks may look into, by name."""

    items: list[str]
