"""Logs, traces and metrics: one set for all functions, and `watched`, which puts a handler under them.

No payload, key or link reaches any of them: events are not logged, answers and errors are not captured. What the
package logs through the standard library comes out as the same JSON lines, with the request's id.
It knows Powertools; it knows nothing of jobs.
"""

import logging
from collections.abc import Callable
from typing import Any, Final, cast

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.logging.filters import SuppressFilter
from aws_lambda_powertools.utilities.typing import LambdaContext

from report_queue.settings import METRICS_NAMESPACE

_PACKAGE: Final = "report_queue"

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]

logger = Logger()
tracer = Tracer()
metrics = Metrics(namespace=METRICS_NAMESPACE)


def watched(*, correlation_id_path: str | None = None) -> Callable[[Handler], Handler]:
    """A decorator for a Lambda handler. `correlation_id_path`: where in the event the id of the request stands."""

    def watch(handler: Handler) -> Handler:
        _adopt_package_logs()
        timed = metrics.log_metrics(handler, capture_cold_start_metric=True)
        traced = tracer.capture_lambda_handler(timed, capture_response=False, capture_error=False)
        logged = logger.inject_lambda_context(
            traced, log_event=False, clear_state=True, correlation_id_path=correlation_id_path
        )
        return cast(Handler, logged)

    return watch


def _adopt_package_logs() -> None:
    """Have the package's own loggers write as `logger` does, and the runtime's handler not write the same again."""
    package = logging.getLogger(_PACKAGE)
    if logger.registered_handler not in package.handlers:
        package.addHandler(logger.registered_handler)
        package.setLevel(logger.log_level)
    for handler in logging.getLogger().handlers:
        if type(handler).__module__.startswith("awslambdaric"):
            handler.addFilter(SuppressFilter(_PACKAGE))
