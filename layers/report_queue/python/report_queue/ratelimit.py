"""RateLimit headers (draft-ietf-httpapi-ratelimit-headers): what a tenant may submit, and how much of it is left.

    RateLimit-Policy: "backlog";q=1000, "starts";q=5;w=1      at most so many wait; so many start in a second
    RateLimit: "backlog";r=874                                so many more may be submitted now

Pure: from a tenant's limits to headers. Without limits there are none.
"""

from fractions import Fraction
from typing import Final

from report_queue.settings import Limits

_LONGEST_S: Final = 3_600


def headers(limits: Limits, left: int | None) -> dict[str, str]:
    """The headers of an answer to a submission; `left`: jobs that the backlog has room for, None: unknown."""
    policies = [f'"backlog";q={limits.backlog}'] if limits.backlog else []
    if limits.rate:
        rate = Fraction(limits.rate).limit_denominator(_LONGEST_S)  # the draft has whole numbers only
        policies.append(f'"starts";q={rate.numerator};w={rate.denominator}')
    told = {"RateLimit-Policy": ", ".join(policies)} if policies else {}
    return told | ({} if left is None else {"RateLimit": f'"backlog";r={left}'})
