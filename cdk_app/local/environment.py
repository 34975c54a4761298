"""The environment of processes and functions: built from nothing, so that no credential of the caller's gets in.

A function sees what it would see on AWS, and in addition where the local S3, EventBridge and Secrets Manager are.
"""

import os
import sys
from pathlib import Path

from cdk_app.local.aws import REGION
from cdk_app.local.runtime import FOLDER
from cdk_app.topology import Function
from report_queue.settings import METRICS_NAMESPACE, Settings

LAYER = Path(__file__).parents[2] / "layers" / "report_queue" / "python"
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")


def basic_environment() -> dict[str, str]:
    """What every process of the stack gets: the venv first in the path, and AWS credentials that open nothing."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PYTHONUNBUFFERED": "1",
    }


def function_environment(function: Function, settings: Settings, *, aws_url: str, bus_url: str) -> dict[str, str]:
    """What one function gets."""
    return {
        **basic_environment(),
        **settings.environment(),
        "AWS_ACCESS_KEY_ID": function.name,  # by which `permits` knows it
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout_s),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_ENDPOINT_URL_S3": aws_url,
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": aws_url,
        "AWS_ENDPOINT_URL_EVENTBRIDGE": bus_url,
        "PYTHONPATH": os.pathsep.join(map(str, (LAYER, FOLDER))),
        "POWERTOOLS_SERVICE_NAME": function.name,
        "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "POWERTOOLS_TRACE_DISABLED": "true",
    }
