"""Session and user that an application put into metadata, whoever passes them on under which name.

Takes the names of attributes, gives those that end in `metadata.sessionId` and its spellings. Refuses
to choose between dialects: it is asked where none of them knew whose a span is.
"""

import re
from collections.abc import Sequence

SESSION = re.compile(
    r"\bmetadata\.(?:langfuse)?_?(?:session|chat|conversation|thread)[._]?id\Z", re.IGNORECASE
)
USER = re.compile(r"\bmetadata\.(?:langfuse)?_?user[._]?id\Z", re.IGNORECASE)


def names(keys: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the attributes that name a session, and those that name a user; sessions first."""
    sessions = [key for key in keys if SESSION.search(key)]
    sessions.sort(key=lambda key: "session" not in key.lower())
    return tuple(sessions), tuple(key for key in keys if USER.search(key))
