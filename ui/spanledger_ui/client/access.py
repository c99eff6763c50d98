"""Who may ask, and about what: projects, keys and share links."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spanledger_schema.api_access import ApiKey, NewApiKey, Projects
from spanledger_ui.client.wire import Wire, quoted


@dataclass(frozen=True, slots=True)
class Access:
    """Questions about who may ask."""

    wire: Wire

    def projects(self) -> list[str]:
        """Return the projects that the caller may look into."""
        return self.wire.one(Projects, "projects").items

    def keys(self) -> list[ApiKey]:
        """Return the API keys that the caller administers."""
        return self.wire.many(ApiKey, "keys")

    def create_key(self, wanted: Mapping[str, Any]) -> NewApiKey:
        """Make an API key; only this answer tells it."""
        return self.wire.sent(NewApiKey, "POST", "keys", wanted)

    def share(self, session_id: str, expires_at: str, name: str) -> NewApiKey:
        """Make a key that reads one session; only this answer tells it."""
        wanted = {"session_id": session_id, "expires_at": expires_at, "name": name}
        return self.wire.sent(NewApiKey, "POST", "shares", wanted)

    def revoke_key(self, key_id: str) -> None:
        """Make an API key useless."""
        self.wire.ask("DELETE", f"keys/{quoted(key_id)}")
