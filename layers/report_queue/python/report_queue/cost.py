"""What a report costs: list prices, and the arithmetic that `ReportCost` and the README use.

The prices are those of us-east-1 for arm64, without any free tier, as they were quoted in 2026. The page that is named
with each is AWS's own, to hold it against; these numbers were taken from others that quote it, on 2026-11-25. Other
regions differ; who has other prices changes the constants. What is paid by the hour or the month
(the broker, an endpoint, alarms) is no report's and not in here.
"""

from typing import Final

# https://aws.amazon.com/lambda/pricing/ — Arm, the first tier
GB_SECOND: Final = 0.0000133334
LAMBDA_REQUEST: Final = 0.20 / 1_000_000
# https://aws.amazon.com/api-gateway/pricing/ — HTTP API, the first tier
API_REQUEST: Final = 1.00 / 1_000_000
# https://aws.amazon.com/eventbridge/pricing/ — custom events
BUS_EVENT: Final = 1.00 / 1_000_000
# https://aws.amazon.com/s3/pricing/ — S3 Standard
S3_PUT: Final = 0.005 / 1_000
S3_GET: Final = 0.0004 / 1_000

# One report's way: POST, submit, at most one event and one invocation for it (a worker that is awake needs neither);
# open/, the report and closed/ are put; the request is read, and it is asked whether something is there, and whether
# somebody is to be told of its end: by the worker, and by an invocation for its receipt.
PUTS: Final = 3
GETS: Final = 7
REQUESTS: Final = API_REQUEST + 3 * LAMBDA_REQUEST + BUS_EVENT + PUTS * S3_PUT + GETS * S3_GET


WORKER_MB: Final = 3_008  # what the worker is given, as the topology says


def of_report(*, worker_seconds: float, memory_mb: int) -> float:
    """US dollars. `worker_seconds`: its share of the worker's time; `memory_mb`: what the function is given."""
    return of_reports(1, worker_seconds=worker_seconds, memory_mb=memory_mb)


def of_reports(number: int, *, worker_seconds: float, memory_mb: int) -> float:
    """The same of some reports together, with the time of them all."""
    return worker_seconds * memory_mb / 1_024 * GB_SECOND + number * REQUESTS
