"""Where the keys are kept: a secret of Secrets Manager, changed only where it is as it was read.

    read ──► version, keys ──► edit ──► put under a label of ours ──► move AWSCURRENT from that version, no other, to it
                └────────────────────── somebody else was quicker ◄──────────────────────────┘

So of two operators who change it at once both changes count, and a crash in between changes nothing.
It knows boto3 and nothing of what an edit means.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
)

from cdk_app.keys import ring
from cdk_app.keys.ring import Refused
from cdk_app.private import write_private

Made = TypeVar("Made")

_TRIES: Final = 20
# The same for every change: it moves along, so that no old version keeps a label and versions are forgotten in time.
_NEXT: Final = "REPORT_QUEUE_NEXT"
_CONFIG: Final = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 3})
_SIGN_IN: Final = "sign in, set AWS_PROFILE, or whatever else the AWS SDKs take"
_NEEDED: Final = "GetSecretValue, PutSecretValue and UpdateSecretVersionStage, and the use of its KMS key"
_NOT_ACCEPTED: Final = {"UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException"}


@dataclass(frozen=True)
class Kept:
    """A secret, by name or ARN. `copy` is a file that is to hold the same, for a stack that forgets its secrets."""

    name: str
    client: Any
    copy: Path | None = None

    def read(self) -> ring.Secret:
        """What is kept now. Raises Refused."""
        return ring.read(self._current()[1])

    def change(self, edit: Callable[[ring.Secret], tuple[ring.Secret, Made]]) -> Made:
        """Store what the edit makes of what is kept; it may be called again. Raises Refused."""
        for _ in range(_TRIES):
            version, text = self._current()
            changed, made = edit(ring.read(text))
            if self._replace(version, ring.written(changed)):
                return made
        raise Refused("others change the keys all the time; nothing was changed, try again")

    def _current(self) -> tuple[str, str]:
        with _explained(self.name):
            answer = self.client.get_secret_value(SecretId=self.name, VersionStage="AWSCURRENT")
        return answer["VersionId"], answer.get("SecretString", "")

    def _replace(self, version: str, text: str) -> bool:
        """Whether the text is current now; not so where that version was no longer."""
        with _explained(self.name):
            put = self.client.put_secret_value(SecretId=self.name, SecretString=text, VersionStages=[_NEXT])
            try:
                self.client.update_secret_version_stage(
                    SecretId=self.name,
                    VersionStage="AWSCURRENT",
                    RemoveFromVersionId=version,
                    MoveToVersionId=put["VersionId"],
                )
            except self.client.exceptions.InvalidParameterException:
                if self._current()[0] == version:  # then that was not it
                    raise
                return False
        if self.copy:
            write_private(self.copy, text)
        return True


def kept(secret: str, *, endpoint: str | None = None, region: str | None = None, copy: Path | None = None) -> Kept:
    """The secret by your credentials, in the region of its ARN, or yours; of a local stack at its endpoint."""
    if secret.startswith("arn:"):
        region = secret.split(":")[3]
    local = {"aws_access_key_id": "operator", "aws_secret_access_key": "local"} if endpoint else {}
    with _explained(secret):
        client = boto3.client("secretsmanager", endpoint_url=endpoint, region_name=region, config=_CONFIG, **local)
    return Kept(secret, client, copy)


@contextmanager
def _explained(secret: str) -> Iterator[None]:
    """What AWS says, as what to do."""
    try:
        yield
    except ClientError as error:
        raise Refused(_refusal(error, secret)) from None
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, ProfileNotFound, SSOError) as error:
        raise Refused(f"no AWS credentials ({type(error).__name__}): {_SIGN_IN}") from None
    except NoRegionError:
        raise Refused("no AWS region: set AWS_REGION, or give the secret's ARN") from None
    except (BotoCoreError, ValueError) as error:  # a ValueError is an endpoint that is none
        raise Refused(f"Secrets Manager does not answer ({type(error).__name__}); nothing was changed") from None


def _refusal(error: ClientError, secret: str) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    if code == "ResourceNotFoundException":
        return (
            f"there is no secret {secret} in that account and region: the output KeysSecret of the deployment names it"
        )
    if code == "AccessDeniedException":
        return f"your credentials may not {error.operation_name} on {secret}: it takes {_NEEDED}"
    if code in _NOT_ACCEPTED:
        return f"AWS does not accept your credentials ({code}): {_SIGN_IN}"
    return f"Secrets Manager refused {error.operation_name} on {secret}: {code}"
