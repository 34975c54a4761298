"""Who may call the API: a bearer key, checked against the hashes in Secrets Manager.

The answer is the HTTP API's simple response. Where the secret cannot be had it raises: API Gateway then answers 500
and lets nobody in. It never logs a token.
"""

import os
import re
import time
from functools import cache
from typing import Any, Final

from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from report_queue import keys
from report_queue.measures import DENIED, REQUESTS
from report_queue.secret import Secret
from report_queue.settings import Settings
from report_queue.telemetry import logger, tell, watched

_BEARER: Final = re.compile(r"(?i:bearer) +(\S+)")


@watched(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Allow or deny one request, given as an authorizer event of payload format 2.0."""
    bearer = _BEARER.fullmatch(_header(event, "authorization"))
    kept = _secret(Settings.read(os.environ).keys_secret).read() if bearer else ""
    principal = keys.verify(bearer[1], kept, now=round(time.time() * 1000)) if bearer else None
    tell({REQUESTS: 1, DENIED: int(principal is None)})
    if principal is None:
        logger.info("denied", token_given=bearer is not None)
        return {"isAuthorized": False}
    return {
        "isAuthorized": True,
        "context": {
            "tenant": principal.tenant,
            "keyId": principal.key_id,
            "scopes": " ".join(sorted(principal.scopes)),
        },
    }


@cache
def _secret(name: str) -> Secret:
    return Secret(name)


def _header(event: dict[str, Any], name: str) -> str:
    # The gateway sends header names in lower case; a test by hand may not.
    return next((str(value) for key, value in event.get("headers", {}).items() if key.lower() == name), "")
