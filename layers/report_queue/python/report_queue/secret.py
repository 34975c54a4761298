"""The API keys' secret: read from Secrets Manager, kept for half a minute, and for longer while that is away.

Nobody gets in by an outage: what is kept is what was read, and after ten minutes without an answer it counts no more.
It knows Powertools' parameters and nothing of keys.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from aws_lambda_powertools.utilities import parameters
from botocore.config import Config
from botocore.exceptions import ClientError

log = logging.getLogger(__name__)

FRESH_S: Final = 30  # a key that is withdrawn works this much longer, beside the gateway's own cache
STALE_S: Final = 600  # and this much, while Secrets Manager does not answer


@dataclass
class Secret:
    """One secret, by its name or ARN. `clock` gives seconds."""

    name: str
    clock: Callable[[], float] = time.monotonic
    _known: str | None = None
    _read_at: float = 0.0
    _provider: parameters.SecretsProvider = field(
        # The gateway gives an authorizer few seconds: less than one try may take by default.
        default_factory=lambda: parameters.SecretsProvider(
            boto_config=Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})
        )
    )

    def read(self) -> str:
        """The secret's text; raises parameters.exceptions.GetParameterError where it cannot be had."""
        if self._known is not None and self.clock() - self._read_at < FRESH_S:
            return self._known
        try:
            current = self._provider.get(self.name, force_fetch=True, VersionStage="AWSCURRENT")
            self._known, self._read_at = str(current), self.clock()
        except parameters.exceptions.GetParameterError as error:
            age = self.clock() - self._read_at
            # What Secrets Manager itself refuses (the secret is gone, or not ours to read) is no outage.
            if self._known is None or age > STALE_S or isinstance(error.__context__, ClientError):
                raise
            log.warning("Secrets Manager is away: the keys are those of %.0f s ago", age)
        return self._known
