"""Sign-in by an OpenID provider: settings in; out comes what knows people by their ID tokens.

Puts `issuer`, `idtoken` and `people` together, and refuses settings that are only half there.
"""

import logging
import time
from pathlib import Path

from spanledger_collector import idtoken
from spanledger_collector.issuer import Issuer, secure
from spanledger_collector.keys import Caller
from spanledger_collector.people import People, TableUnreadable, read_people
from spanledger_collector.process import Refused
from spanledger_collector.settings import Settings, flag

log = logging.getLogger(__name__)

NEEDED = ("oidc_client_id", "oidc_people")
SECRETS = ("oidc_client_secret", "oidc_client_secret_file")
LOOK_S = 2.0  # between two looks at the table: who is taken out of it is refused this much later


class Signins:
    """People who have signed in, by the provider's word and the operator's table."""

    def __init__(self, issuer: Issuer, client_id: str, table: Path) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._table = table
        self._people = read_people(table)
        self._stamp = stamp(table)
        self._look_at_s = 0.0

    def caller(self, token: str, now_s: float) -> Caller | None:
        """Return who holds this token, None when it proves nothing.

        Raises:
            ProviderAway: nobody can tell just now.
        """
        if not idtoken.looks_like_one(token):
            return None
        try:
            told = self._issuer.told(idtoken.key_id(token))
            claims = idtoken.claims(token, told.keys, told.issuer, self._client_id, now_s)
        except idtoken.TokenRefused as refusal:
            log.info("sign-in: a token was refused: %s", refusal)
            return None
        return self._live().caller(claims)

    def _live(self) -> People:
        """Return the table as it is now; one that was spoilt meanwhile changes nothing."""
        now_s = time.monotonic()
        if now_s >= self._look_at_s:
            self._look_at_s = now_s + LOOK_S
            if (found := stamp(self._table)) != self._stamp:
                self._stamp = found
                self._read()
        return self._people

    def _read(self) -> None:
        try:
            self._people = read_people(self._table)
        except TableUnreadable as error:
            log.error("sign-in: the table as it was before holds on: %s", error)  # noqa: TRY400


def stamp(file: Path) -> tuple[int, int, int]:
    """Return what changes when a file does, zeros while there is none."""
    try:
        state = file.stat()
    except OSError:
        return 0, 0, 0
    return state.st_mtime_ns, state.st_ino, state.st_size


def signins(settings: Settings) -> Signins | None:
    """Return what knows people by their tokens, None where nobody signs in.

    Raises:
        Refused: a setting is missing or will not do.
    """
    if not wanted(settings):
        return None
    table = Path(settings.oidc_people).expanduser()
    try:
        return Signins(Issuer(settings.oidc_issuer), settings.oidc_client_id, table)
    except TableUnreadable as error:
        raise Refused(f"--oidc-people {error}") from error


def client(settings: Settings) -> dict[str, str] | None:
    """Return what the screens need to send people to the provider, None where they do not.

    Raises:
        Refused: a setting is missing or will not do.
    """
    if not wanted(settings):
        return None
    return {
        "issuer": settings.oidc_issuer,
        "client_id": settings.oidc_client_id,
        "client_secret": settings.oidc_client_secret or in_file(settings.oidc_client_secret_file),
        "url": settings.ui_url or settings.url(settings.ui_port),
    }


def wanted(settings: Settings) -> bool:
    """Tell whether people sign in; refuse settings that leave it half said."""
    given = [name for name in (*NEEDED, *SECRETS) if getattr(settings, name)]
    if not settings.oidc_issuer:
        if given:
            raise Refused(f"{flag(given[0])} is for signing in, which takes --oidc-issuer")
        return False
    for name in NEEDED:
        if name not in given:
            raise Refused(f"--oidc-issuer takes {flag(name)} too; docs/signin.md says what it is")
    if not set(SECRETS).intersection(given):
        raise Refused(f"--oidc-issuer takes {flag(SECRETS[1])} too, or {SECRETS[0].upper()}")
    if settings.keys == "optional":
        raise Refused("--keys optional lets everybody in; with --oidc-issuer leave it out")
    try:
        secure(settings.oidc_issuer)
    except ValueError as error:
        raise Refused(f"--oidc-issuer: {error}") from error
    return True


def in_file(name: str) -> str:
    """Return the secret in a file."""
    try:
        secret = Path(name).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"--oidc-client-secret-file {name}: {error}") from error
    if not secret:
        raise Refused(f"--oidc-client-secret-file {name} is empty")
    return secret
