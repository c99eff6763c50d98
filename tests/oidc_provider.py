"""An OpenID provider on this machine: real keys, the real code flow with PKCE, a page to sign in on."""

import base64
import html
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.ui_server import listening

CLIENT_ID, CLIENT_SECRET = "spanledger", "a-secret-of-the-provider"


def new_key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"})


@dataclass
class Provider:
    """What the provider knows; `keys` are those it tells the world of, it signs with the last."""

    url: str = ""
    keys: list[RSAKey] = field(default_factory=lambda: [new_key("k1")])
    claims: dict[str, Any] = field(
        default_factory=lambda: {
            "sub": "u-1", "email": "ada@example.com", "email_verified": True, "groups": ["staff"],
        }
    )  # fmt: skip
    lifetime_s: int = 600
    calls_itself: str = ""
    away: bool = False
    told: int = 0  # how often somebody asked for the keys
    asked: list[dict[str, str]] = field(default_factory=list)  # of each way to `/authorize`
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def token(self, **claims: Any) -> str:
        """Return an ID token of now; a claim that is None is left out."""
        now_s = int(time.time())
        said = {"iss": self.url, "aud": CLIENT_ID, "iat": now_s, "exp": now_s + self.lifetime_s}
        kept = {name: v for name, v in (said | self.claims | claims).items() if v is not None}
        key = self.keys[-1]
        return jwt.encode({"alg": "RS256", "kid": key.kid}, kept, key)

    def discovery(self, request: Request) -> Response:
        if self.away:
            return Response(status_code=500)
        named = {
            "authorization_endpoint": "authorize", "token_endpoint": "token",
            "jwks_uri": "jwks", "end_session_endpoint": "logout",
        }  # fmt: skip
        document = {name: f"{self.url}/{path}" for name, path in named.items()}
        document |= {"id_token_signing_alg_values_supported": ["RS256"]}  # type: ignore[dict-item]
        return JSONResponse({"issuer": self.calls_itself or self.url, **document})

    def jwks(self, request: Request) -> Response:
        self.told += 1
        return JSONResponse({"keys": [key.as_dict(private=False) for key in self.keys]})

    def authorize(self, request: Request) -> Response:
        """Show a page to sign in on; its link leads back with a code, once."""
        asked = dict(request.query_params)
        self.asked.append(asked)
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        back = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
        return HTMLResponse(f'<a href="{html.escape(back)}">I am {self.claims["email"]}</a>')

    async def tokens(self, request: Request) -> Response:
        """Trade a code for a token, for the one who has its secret and made its challenge."""
        form = {name: said for name, (said,) in parse_qs((await request.body()).decode()).items()}
        asked = self.codes.pop(form["code"])
        made = base64.urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest())
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        assert request.headers["authorization"] == f"Basic {basic}"
        assert asked["code_challenge_method"] == "S256"
        assert made.decode().rstrip("=") == asked["code_challenge"]
        assert form["redirect_uri"] == asked["redirect_uri"]
        token = self.token(nonce=asked["nonce"])
        return JSONResponse({"id_token": token, "access_token": "none", "token_type": "Bearer"})

    def logout(self, request: Request) -> Response:
        return RedirectResponse(request.query_params["post_logout_redirect_uri"])


@contextmanager
def provider() -> Iterator[Provider]:
    """Run a provider."""
    made = Provider()
    routes = [
        Route("/.well-known/openid-configuration", made.discovery),
        Route("/jwks", made.jwks),
        Route("/authorize", made.authorize),
        Route("/token", made.tokens, methods=["POST"]),
        Route("/logout", made.logout),
    ]
    with listening(Starlette(routes=routes)) as url:
        made.url = url
        yield made


def unsigned(token: str) -> str:
    """Return the same claims, signed by nobody."""
    _, claims, _ = token.split(".")
    return f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{claims}."


def encoded(part: dict[str, Any]) -> str:
    """Return a part of a token."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
