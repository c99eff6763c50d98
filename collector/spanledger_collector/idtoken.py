"""Whether an ID token is what it says: signed by the provider, for us, and of now.

A token and the provider's keys come in, its claims go out or the reason for refusing it. Knows no
HTTP and not what the claims are good for.
"""

import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING

import orjson
from joserfc.errors import JoseError
from joserfc.util import urlsafe_b64decode

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

LEEWAY_S = 60  # between the provider's clock and ours
LONGEST = 64 << 10
# Signatures of a private key only. With one that is shared (HS256) whoever knows the provider's
# public key could sign, with `none` anybody.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]

Claims = Mapping[str, object]


class TokenRefused(Exception):
    """A token proves nothing; the message says why, for the log and not for who sent it."""


def looks_like_one(token: str) -> bool:
    """Tell whether a text is a signed token by its shape: nothing is proven by it."""
    return token.count(".") == 2 and len(token) <= LONGEST


def key_id(token: str) -> str | None:
    """Return by which key a token says it is signed, None where it names none.

    Raises:
        TokenRefused: it is no token.
    """
    try:
        header = orjson.loads(urlsafe_b64decode(token.partition(".")[0].encode()))
        named = header.get("kid")
    except (ValueError, AttributeError, binascii.Error) as error:
        raise TokenRefused("no header") from error
    return named if isinstance(named, str) else None


def claims(token: str, keys: "KeySet", issuer: str, client_id: str, now_s: float) -> Claims:
    """Return what a token claims.

    Raises:
        TokenRefused: not signed by one of `keys`, not by this issuer, not for this client, expired
            or not yet valid, or without a subject.
    """
    from joserfc import jwt  # 0.1 s of CPU, for those with whom people sign in
    from joserfc.jws import JWSRegistry

    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    wanted = jwt.JWTClaimsRegistry(
        now=int(now_s),
        leeway=LEEWAY_S,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        found = jwt.decode(token, keys, registry=registry).claims
        wanted.validate(found)
    except (JoseError, ValueError, TypeError, AttributeError) as error:
        raise TokenRefused(str(error) or type(error).__name__) from error
    if found.get("azp", client_id) != client_id:
        raise TokenRefused("azp: issued to another client")
    return found
