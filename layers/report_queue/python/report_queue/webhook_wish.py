"""Whether a submission's wishes to be told can be met: its webhook is one of the tenant's, its callback may be called.

It knows nothing of HTTP.
"""

from collections.abc import Iterator, Sequence

from report_queue.errors import Fault
from report_queue.request import Submission, refuse_if
from report_queue.targets import networks_of
from report_queue.webhook import CALLBACK
from report_queue.webhook_body import url_fault
from report_queue.wiring import Wiring


def refuse_unmet(wiring: Wiring, submissions: Sequence[Submission], *, tenant: str, at: str = "") -> None:
    """Raises InvalidRequest where a wish cannot be met, and StoreAway. `at` leads to a submission, with {} for its
    place."""
    if any(one.options.tell or one.options.callback for one in submissions):
        refuse_if(_faults(wiring, submissions, tenant, at))


def _faults(wiring: Wiring, submissions: Sequence[Submission], tenant: str, at: str) -> Iterator[Fault]:
    networks = networks_of(wiring.settings.webhook_networks)
    known = {webhook.id for webhook in wiring.webhooks.all(tenant)}
    for place, one in enumerate(submissions):
        wished = one.options
        if wished.tell and wished.tell not in known:
            yield Fault(
                f"{at.format(place)}/options/webhook", "is none of your webhooks: GET /api/v1/webhooks has them"
            )
        if wished.callback and (wrong := url_fault(wished.callback, networks=networks)):
            yield Fault(f"{at.format(place)}/options/callback", wrong)
        elif wished.callback and CALLBACK not in known:
            yield Fault(
                f"{at.format(place)}/options/callback",
                "would be signed by nothing: POST /api/v1/webhooks/callback/rotate makes its secret, once",
            )
