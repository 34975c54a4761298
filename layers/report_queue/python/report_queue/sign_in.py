"""Signing in to ElastiCache by IAM: the password of a connection is a token that the function's own role signs.

    redis-py connects ─► get_credentials ─► the token that is still good for a while, or one signed now ─► AUTH

A token is a presigned request `connect` of the service elasticache, without its scheme. It is signed on this machine,
so it costs no call; ElastiCache takes it for 15 minutes, and only of the user and for the cache that it names.
No token is logged, and none is an attribute that a repr would show. It knows botocore's signer, and of redis-py only
the class that hands out credentials.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from redis import exceptions
from redis.credentials import CredentialProvider

from report_queue.settings import Settings

TOKEN_S: Final = 900  # ElastiCache takes no token for longer
FRESH_S: Final = 600  # then another one is signed: none is handed out in its last five minutes

Sign = Callable[[], str]


class Role(Protocol):
    """Credentials of botocore's, which renew themselves where they can."""

    def get_frozen_credentials(self) -> Any: ...


class Tokens(CredentialProvider):
    """A user and its tokens, for every connection of a function."""

    def __init__(self, user: str, sign: Sign, *, clock: Callable[[], float] = time.time) -> None:
        self.user = user
        self._sign, self._clock = sign, clock
        self._lock = threading.Lock()
        self._signed_at = 0.0
        self._token = ""

    def get_credentials(self) -> tuple[str, str]:
        """User and token; raises redis-py's AuthenticationError where nothing can be signed."""
        with self._lock:
            # A clock that was set back tells nothing of the token's age.
            if not self._token or not 0 <= self._clock() - self._signed_at < FRESH_S:
                signed_at = self._clock()
                self._token = self._sign()
                self._signed_at = signed_at
            return self.user, self._token

    def __repr__(self) -> str:
        return f"<tokens of {self.user}>"


def signer(settings: Settings, *, role: Role | None, region: str) -> Sign:
    """What signs tokens for the settings' user and cache; raises ValueError that names what the settings lack."""
    if missing := [name for name in ("broker_user", "broker_name") if not getattr(settings, name)]:
        raise ValueError(f"broker_auth is iam, which needs {' and '.join(missing)}")
    if not settings.broker_url.startswith("rediss://"):
        raise ValueError("broker_auth is iam, which needs TLS: a broker_url that begins with rediss://")

    def sign() -> str:
        from botocore.auth import SigV4QueryAuth
        from botocore.awsrequest import AWSRequest
        from botocore.exceptions import BotoCoreError

        asked = {"Action": "connect", "User": settings.broker_user}
        if settings.broker_serverless:
            asked["ResourceType"] = "ServerlessCache"
        request = AWSRequest("GET", f"https://{settings.broker_name.lower()}/", params=asked)
        try:
            # The role's credentials are asked for each time: what they sign is good for as long as they are.
            credentials = role.get_frozen_credentials() if role else None
        except BotoCoreError as error:
            raise exceptions.AuthenticationError(f"no credentials of a role ({type(error).__name__})") from None
        if credentials is None:
            raise exceptions.AuthenticationError("no credentials of a role")
        SigV4QueryAuth(credentials, "elasticache", region, expires=TOKEN_S).add_auth(request)
        return str(request.url).removeprefix("https://")

    return sign
