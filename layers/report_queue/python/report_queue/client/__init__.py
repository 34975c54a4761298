"""A client of the report queue's HTTP API.

    with Client("https://…", key) as queue:
        job = queue.wait(queue.submit("sales", data).id)
        queue.download(job.id, Path("sales.pdf"))

    client · batches · schedules    the verbs
    calls     what they consist of: look, act, save, wait
    wire      one request: sent again where that is safe, its refusal raised as an error
    links     what a link of the API leads to, without the key
    answers   what comes back             errors    the tree of what can go wrong
    command   the `report-queue` command

It is no part of what functions load, and knows nothing of them: HTTP alone.
"""

from report_queue.client.answers import Batch, Job, Submitted
from report_queue.client.client import Client
from report_queue.client.errors import (
    Away,
    Broken,
    ClientError,
    Late,
    NotAllowed,
    NotFound,
    NotNow,
    NotValid,
    Refused,
    TooMany,
)

__all__ = [
    "Away",
    "Batch",
    "Broken",
    "Client",
    "ClientError",
    "Job",
    "Late",
    "NotAllowed",
    "NotFound",
    "NotNow",
    "NotValid",
    "Refused",
    "Submitted",
    "TooMany",
]
