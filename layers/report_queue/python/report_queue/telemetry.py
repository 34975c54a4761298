"""Logs and metrics: one set for all functions, and `watched`, which puts a handler under them.

No payload, key or link reaches either: events are not logged, answers and errors are not captured. What the package
logs through the standard library comes out as the same JSON lines, with the request's id.
It knows Powertools; it knows nothing of jobs. Powertools' Tracer is not used: the SDK below it takes longer to import
than all that `submit` does before its first answer, whether there is tracing or not. `trace` does what is needed.
"""

import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.logging.filters import SuppressFilter
from aws_lambda_powertools.metrics import EphemeralMetrics, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from report_queue.measures import QUEUE, Measure, Word
from report_queue.settings import METRICS_NAMESPACE

_PACKAGE: Final = "report_queue"

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]

logger = Logger()
# Each environment has a namespace of its own, which Powertools reads from the function's environment.
metrics = Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", METRICS_NAMESPACE))


# An invocation that has none of its own to tell is nothing to be warned of.
warnings.filterwarnings("ignore", message="No application metrics to publish")


def watched(*, correlation_id_path: str | None = None) -> Callable[[Handler], Handler]:
    """A decorator for a Lambda handler. `correlation_id_path`: where in the event the id of the request stands."""

    def watch(handler: Handler) -> Handler:
        _adopt_package_logs()
        timed = metrics.log_metrics(handler, capture_cold_start_metric=True)
        logged = logger.inject_lambda_context(
            timed, log_event=False, clear_state=True, correlation_id_path=correlation_id_path
        )
        return cast(Handler, logged)

    return watch


def tell(values: Mapping[Measure, float], **words: str) -> None:
    """Write measures; `words` are what some are also told by: report_type, reason.

    Those of a function are written with the end of its invocation, all others at once: a worker's may be 15 minutes
    away. Any thread may call this for the latter.
    """
    together: dict[Word | None, dict[Measure, float]] = {}
    for measure, value in values.items():
        if measure.of_function:
            metrics.add_metric(measure.name, measure.unit, value)
        else:
            together.setdefault(measure.by if measure.by in words else None, {})[measure] = value
    for by, mine in together.items():
        written = EphemeralMetrics(namespace=metrics.provider.namespace, service=QUEUE)
        if by:
            written.add_dimensions(service=QUEUE, **{by: words[by]})
        for measure, value in mine.items():
            written.add_metric(measure.name, measure.unit, value)
        # In one piece, which `print` does not do: others write to the same pipe.
        sys.stdout.write(json.dumps(written.serialize_metric_set(), separators=(",", ":")) + "\n")
    sys.stdout.flush()


def _adopt_package_logs() -> None:
    """Have the package's own loggers write as `logger` does, and the runtime's handler not write the same again."""
    package = logging.getLogger(_PACKAGE)
    if logger.registered_handler not in package.handlers:
        package.addHandler(logger.registered_handler)
        package.setLevel(logger.log_level)
    for handler in logging.getLogger().handlers:
        if type(handler).__module__.startswith("awslambdaric"):
            handler.addFilter(SuppressFilter(_PACKAGE))
