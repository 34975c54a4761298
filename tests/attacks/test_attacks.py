"""Templates and payloads that want what is not theirs: each ends with a reason, or as a PDF that holds nothing of it.

Nobody may have called the canary server, and no canary file's word may be in a PDF, in no encoding and no stream.
The locks of kernel and interpreter are off here (`test_seal` has them): the fetcher and the sandbox hold alone.
"""

from urllib.parse import urlsplit

import pytest
from attack_vectors import MADE, VALUES, table
from attack_words import HOLES, Canary, Ended, Lab, ends_of

from report_queue.reports import report_types

NAMES = sorted(table(str))
TAKING = """<p title="{{ data.value }}">{{ data.value }}</p><style>p { color: {{ data.value }} }</style>
<a href="https://example.com/{{ data.value }}">x</a><p style="color: {{ data.value }}">y</p><!-- {{ data.value }} -->"""


@pytest.fixture(scope="module")
def ends(lab: Lab, canary: Canary, request: pytest.FixtureRequest) -> dict[str, Ended]:
    return ends_of(lab, canary, request)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_got_that_is_not_the_reports_own(name: str, ends: dict[str, Ended], canary: Canary) -> None:
    ended = ends[name]
    assert ended.outcome == table(str)[name][1], ended.message
    assert ended.permanent or ended.outcome == MADE
    message = ended.message.replace(str(canary.folder), "")  # the template's own words are quoted
    assert not any(hole in message for hole in HOLES)
    if ended.outcome == MADE:
        nothing_leaks(ended)


def test_nobody_has_called_the_canary(ends: dict[str, Ended], canary: Canary) -> None:
    assert canary.calls == []


@pytest.mark.parametrize("value", VALUES)
def test_a_payloads_value_stays_a_value(value: str, lab: Lab, canary: Canary) -> None:
    ended = lab.attempt(TAKING, canary.into(value))
    assert ended.outcome in (MADE, "asset.blocked"), ended.message
    if ended.outcome == MADE:
        nothing_leaks(ended)
    assert canary.calls == []


@pytest.mark.parametrize("report_type", sorted(report_types()))
def test_a_payloads_values_stay_values_in_every_report_type(report_type: str, lab: Lab, canary: Canary) -> None:
    """Some values are too odd for a place (no date, no number): then the template says so."""
    for value in VALUES:
        ended = lab.render(report_type, _everywhere(canary.into(value), report_types()[report_type].sample))
        assert ended.outcome in (MADE, "template.error"), ended.message
        if ended.outcome == MADE:
            nothing_leaks(ended)
    assert canary.calls == []


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("place", ['<img src="{{ data.value }}">', "{{ data.value|safe }}"])
def test_not_even_a_careless_template_lets_it_out(place: str, value: str, lab: Lab, canary: Canary) -> None:
    ended = lab.attempt(place, canary.into(value))
    if ended.outcome == MADE:
        nothing_leaks(ended)
    assert ended.permanent or ended.outcome == MADE
    assert canary.calls == []


def test_the_canary_would_be_seen(lab: Lab, canary: Canary) -> None:
    """What the tests look for is found where it is: a PDF that holds the word, an address that is a link."""
    held = lab.attempt(canary.into('<p>Zk7 Qx9</p><a href="%HTTP%/a">x</a>'))
    assert "Zk7Qx9" in held.told
    assert held.links == [canary.into("%HTTP%/a")]


def nothing_leaks(ended: Ended) -> None:
    told = ended.told
    assert [hole for hole in HOLES if hole in told] == []
    assert ended.acts == set()
    assert {urlsplit(link).scheme for link in ended.links} <= {"http", "https", "mailto"}


def _everywhere(text: str, data: object) -> object:
    """The sample with one of its texts replaced after the other would take long: so all of them but what is a code."""
    if isinstance(data, dict):
        return {name: value if name in CODES else _everywhere(text, value) for name, value in data.items()}
    if isinstance(data, list):
        return [_everywhere(text, value) for value in data]
    return text if isinstance(data, str) else data


CODES = {"date", "month", "from", "to", "asOf", "issued", "due", "currency", "locale"}
