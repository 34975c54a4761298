"""What a person reads when a template goes wrong: file, line, and the data path that was at fault; never a value."""

from pathlib import Path
from typing import Any

import pytest
from report_words import made_up, rendered

from report_queue.errors import PermanentFailure

SECRET = "sesame"
ROWS = [{"name": SECRET, "price": 1, "by": 2}, {"name": SECRET, "by": 0, "price": 1}, {"by": 1}]
DATA = {
    "currency": "EUR",
    "buyer": None,
    "note": None,
    "title": SECRET,
    "none": 0,
    "zero": 0.0,
    "rows": ROWS,
    "secret": SECRET,
}
KIT = '{% import "_kit/kit.html" as kit with context %}'


def told(folder: Path, body: str, data: Any = None, **files: str) -> PermanentFailure:
    """The failure of a report type whose page is `body`, which begins at line 3 of template.html."""
    report_type = made_up(folder / "made", body)
    for name, text in files.items():
        (report_type.folder / f"{name}.html").write_text(text, "utf-8")
    with pytest.raises(PermanentFailure) as caught:
        rendered(report_type, DATA if data is None else data, quiet=False)
    assert caught.value.reason == "template.error"
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        # a name that is not there
        ("{{ data.rows[2].price }}", 3, "data.rows[2].price is missing"),
        ("{{ data.rows[2]['price'] }}", 3, "data.rows[2].price is missing"),
        ("{% for row in data.rows %}\n{{ row.price }}\n{% endfor %}", 4, "data.rows[2].price is missing"),
        ("{{ data.rows|sum(attribute='price') }}", 3, "data.rows[2].price is missing"),
        ("{{ 1|money(data.curency) }}", 3, "data.curency is missing"),
        ("{{ data.rows|join(data.glue) }}", 3, "data.glue is missing"),
        ("{{ 1.5|round(data.digits) }}", 3, "data.digits is missing"),
        ("{{ amounts(data.lines, 'EUR') }}", 3, "data.lines is missing"),
        ("{% if data.paid > 3 %}x{% endif %}", 3, "data.paid is missing"),
        ("{{ [1,\n  data.curency|upper] }}", 4, "data.curency is missing"),
        ("{{ currency }}", 3, "currency is not defined"),
        ("{{ report.titel }}", 3, "report.titel is missing"),
        ("{{ charts.pie([1]) }}", 3, "charts.pie is missing"),
        # a member of something that has none
        ("{{ data.buyer.name }}", 3, "data.buyer is null and has no name"),
        ("{{ data.rows[0].name }}{{ data.buyer.name }}", 3, "data.buyer is null and has no name"),
        ("{{ data.none.name }}", 3, "data.none is a number and has no name"),
        ("{{ data.title.name }}", 3, "data.title is a text and has no name"),
        ("{% for row in data.rows %}\n{{ row.by.name }}{% endfor %}", 4, "data.rows[0].by is a number and has no name"),
        # arithmetic
        ("{{ 1 / data.none }}", 3, "division by zero"),
        ("{{ 1.5 % data.none }}", 3, "division by zero"),
        ("{{ data.zero / data.none }}", 3, "division by zero"),
        ("{{ share(0, 0.0) / data.none }}", 3, "null and a number do not go together with /"),
        ("{% for row in data.rows %}{{ 1 / row.by }}{% endfor %}", 3, "division by zero (at data.rows[1])"),
        ("{{ data.secret + 1 }}", 3, "a text and a number do not go together with +"),
        ("{{ 1 - data.secret }}", 3, "a number and a text do not go together with -"),
        ("{{ data.secret < 1 }}", 3, "a text and a number do not go together with <"),
        ("{% for x in data.none %}{% endfor %}", 3, "a number cannot be looped over"),
        ("{{ data.secret() }}", 3, "a text cannot be called"),
        # a filter or function that cannot take what it is given
        ("{{ data.secret|number }}", 3, "number cannot take it: data.secret is a text"),
        ("{{ data.rows|money('EUR') }}", 3, "money cannot take it: data.rows is a list"),
        ("{{ data.none|day }}", 3, "day cannot take it: data.none is a number"),
        ("{% for r in data.rows %}{{ r.name|percent }}{% endfor %}", 3, "data.rows[0].name is a text"),
        ("{{ data.secret|round }}", 3, "round cannot take it: data.secret is a text"),
        ("{{ amounts(data.rows, 'EUR') }}", 3, "data.rows[0].quantity is missing"),
        # files
        ('{% include "partz.html" %}', 3, "there is no template partz.html: a report has those of its own folder"),
        ('{% import "_kit/kitt.html" as kit %}', 3, "there is no template _kit/kitt.html"),
        ("{% include data.secret %}", 3, "no such template"),
        ('{% import "_kit/kit.html" as kit %}\n{{ kit.figurs([]) }}', 4, ": kit.html has no figurs: is it figures?"),
        (
            '{% from "_kit/kit.html" import figurs %}\n{{ figurs([]) }}',
            4,
            "does not export the requested name 'figurs'",
        ),
        # macros
        ("{% macro m(a) %}\n{{ a.price }}\n{% endmacro %}\n{{ m(data.rows[2]) }}", 4, "data.rows[2].price is missing"),
        ("{% macro m(a) %}{{ a }}{% endmacro %}\n{{ m() }}", 3, "parameter 'a' was not provided"),
        # syntax
        ("{{ data.secret", 4, "expected token"),
        ("{% for x of data.rows %}{% endfor %}", 3, "expected token 'in', got 'of'"),
        ("<p>\n{% endfor %}", 4, "unknown tag 'endfor'"),
        ("{{ 1|moneyy }}", 3, "No filter named 'moneyy'"),
        # the sandbox
        ("{{ data.secret.__class__ }}", 3, "leads out of what they are given"),
    ],
)
def test_a_failure_names_the_line_and_what_is_at_fault(tmp_path: Path, body: str, line: int, words: str) -> None:
    failure = told(tmp_path, body)
    assert failure.place == (str(tmp_path / "made" / "template.html"), line)
    assert f"made: template.html, line {line}: `" in str(failure)
    assert words in str(failure)


def test_an_included_file_is_named_and_so_is_the_line_that_includes_it(tmp_path: Path) -> None:
    body = "<p>\n{% include 'part.html' %}"
    failure = told(tmp_path, body, part="\n\n{{ data.total }}")
    assert str(failure) == (
        "made: part.html, line 3 (from template.html, line 4): `{{ data.total }}`: data.total is missing"
    )


def test_a_syntax_error_in_an_included_file_is_told_there(tmp_path: Path) -> None:
    failure = told(tmp_path, "{% include 'part.html' %}", part="<p>\n{{ data. }}")
    assert "made: part.html, line 2" in str(failure)
    assert "`{{ data. }}`" in str(failure)


def test_an_error_in_a_macro_of_the_kit_names_the_kit_the_caller_and_the_row(tmp_path: Path) -> None:
    failure = told(tmp_path, KIT + "\n\n{{ kit.figures([('a', 1)]) }}")
    assert "made: _kit/kit.html, line " in str(failure)
    assert "(from template.html, line 5)" in str(failure)


def test_a_key_that_only_the_payload_knows_is_not_quoted(tmp_path: Path) -> None:
    data = {"customers": {SECRET: {"name": "x"}}}
    body = "{% for one in data.customers.values() %}{{ one.price }}{% endfor %}"
    assert str(told(tmp_path, body, data)).endswith("data.customers.*.price is missing")
    assert "a name is missing that the payload gave" in str(told(tmp_path, "{{ data[data.x] }}", {"x": SECRET}))


def test_null_that_stands_in_several_places_is_told_by_the_one_that_was_asked(tmp_path: Path) -> None:
    data = {"first": None, "buyer": {"address": None}, "last": None}
    assert "data.buyer.address is null and has no city" in str(told(tmp_path, "{{ data.buyer.address.city }}", data))


def test_a_name_that_is_handed_on_and_printed_later_is_told_where_it_is_printed(tmp_path: Path) -> None:
    assert "data.total is missing" in str(told(tmp_path, "{% set total = data.total %}\n<p>{{ total }}</p>"))
