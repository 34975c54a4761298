"""The report types: their samples fit their schemas, and whatever their schemas let through can be rendered."""

import copy
import re
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from report_words import rendered

from report_queue.render import document
from report_queue.reports import report_types

ALL = sorted(report_types())
SCHEMAS = {name: report_type.schema for name, report_type in report_types().items()}

# One of each kind that typesetting stumbles over.
TEXTS = (
    "W" * 60,
    "日本語のとても長い題名",
    "שלום עולם",
    "مرحبا بالعالم",
    "नमस्ते दुनिया",
    "👩‍👩‍👧‍👦 é é",
    "a\x00b\x01c\x0bd\x7f",
    "\u202eright to left\u202c \ufffe\uffff \U0010ffff",
    "line\nbreak\r\n\ttab",
    " ",
    "</title></svg><b>",
)


def test_the_five_types_are_there() -> None:
    assert ALL == ["inventory", "invoice", "performance", "sales", "test"]


@pytest.mark.parametrize("name", ALL)
def test_a_sample_fits_its_schema(name: str) -> None:
    report_type = report_types()[name]
    jsonschema_rs.meta.validate(report_type.schema)
    jsonschema_rs.Draft202012Validator(report_type.schema, validate_formats=True).validate(report_type.sample)


@pytest.mark.parametrize("name", ALL)
def test_a_schema_explains_and_bounds_everything_that_it_takes(name: str) -> None:
    for place, schema in _walk(SCHEMAS[name]):
        assert schema.get("title"), place
        assert schema.get("description"), place
        match schema["type"]:
            case "object":
                assert schema["additionalProperties"] is False, place
                assert set(schema["required"]) <= set(schema["properties"]), place
                # `data.items` in a template is the method of dict, whatever the payload says.
                assert not set(schema["properties"]) & set(dir(dict)), place
            case "array":
                assert schema["maxItems"] <= 50_000, place
            case "string":
                assert "maxLength" in schema or "pattern" in schema, place
            case "boolean":
                pass
            case _:
                assert {"minimum", "maximum"} <= set(schema), place


@pytest.mark.parametrize("name", ALL)
def test_the_least_that_a_schema_takes_can_be_rendered(name: str) -> None:
    least = _made(SCHEMAS[name], length=0, number=0, text="x", optional=False)
    assert rendered(name, least).pages >= 1


@pytest.mark.parametrize("number", [-(10**15), 10**15, 1e-300, 999_999_999_999_999.9])
@pytest.mark.parametrize("name", ALL)
def test_extreme_numbers_can_be_rendered(name: str, number: float) -> None:
    assert rendered(name, _made(SCHEMAS[name], length=2, number=number, text="W" * 60)).pages >= 1


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize("name", ALL)
def test_odd_texts_can_be_rendered(name: str, text: str) -> None:
    # Not quiet: a character that no installed font has is drawn as a box, and that is logged.
    assert rendered(name, _made(SCHEMAS[name], length=1, number=3, text=text), quiet=False).pages >= 1


@pytest.mark.parametrize("name", ALL)
def test_the_longest_unbroken_words_stay_on_the_page(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    laid_out: list[Any] = []
    monkeypatch.setattr(document, "refuse_what_leaves", laid_out.append)
    rendered(name, _made(SCHEMAS[name], length=2, number=10**15, text="W" * 60))
    for page in laid_out[0].pages:
        edge = page.width - 16 / 25.4 * 96  # the margin is 16 mm
        texts = [box for box in page._page_box.descendants() if getattr(box, "text", "")]
        assert [box.text for box in texts if box.position_x + box.width > edge + 1] == []


@pytest.mark.parametrize("name", ALL)
def test_whatever_a_schema_takes_can_be_rendered(name: str) -> None:
    @settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=set(Phase) - {Phase.explain},  # which traces each line that runs, and layout is many
    )
    @given(_strategy(SCHEMAS[name]))
    def run(data: Any) -> None:
        assert rendered(name, data, quiet=False).pages >= 1

    run()


def test_an_invoice_adds_up_to_the_cent_where_floats_would_not() -> None:
    sample = copy.deepcopy(report_types()["invoice"].sample)
    line = {"description": "x", "quantity": 3, "unitPrice": 0.1, "vatRate": 19}
    sample |= {"lines": [line, line | {"unitPrice": 1.005, "quantity": 1, "vatRate": 7.7}], "paid": 0.2}
    text = rendered("invoice", sample).text
    # 0.30 + 1.01 (1.005 rounded half up); VAT 0.057 -> 0.06 and 0.07777 -> 0.08; 1.45 less 0.20
    for words in ("Net total €1.31", "VAT 7.7% on €1.01 €0.08", "VAT 19% on €0.30 €0.06", "Total €1.45", "€1.25"):
        assert words in text


def test_half_a_cent_is_rounded_up_wherever_money_is_shown() -> None:
    sample = report_types()["sales"].sample
    row = sample["rows"][0] | {"quantity": 1, "unitPrice": 0.1}
    rows = [row, row | {"unitPrice": 0.15}]
    assert "€0.13" in rendered("sales", sample | {"rows": rows}).text


def test_an_invoice_in_yen_has_no_cents_and_german_money_reads_german() -> None:
    sample = copy.deepcopy(report_types()["invoice"].sample)
    assert "¥47,2" in rendered("invoice", sample | {"currency": "JPY"}).text
    assert "47.231,03 €" in rendered("invoice", sample | {"locale": "de"}).text


def test_an_unknown_locale_and_a_date_that_does_not_exist_still_give_a_report() -> None:
    sample = report_types()["sales"].sample
    row = sample["rows"][0] | {"date": "2025-02-31"}
    assert "2025-02-31" in rendered("sales", sample | {"locale": "qq-QQ", "rows": [row]}).text


def test_low_stock_is_told_in_words_too() -> None:
    sample = report_types()["inventory"].sample
    states = {0: "Out", -1: "Out", 5: "Low", 10: "Low", 11: "In stock"}
    for quantity, state in states.items():
        row = sample["rows"][0] | {"quantity": quantity, "reorderPoint": 10}
        assert f" {state} €" in rendered("inventory", sample | {"rows": [row]}).text


def _walk(schema: dict[str, Any], place: str = "") -> list[tuple[str, dict[str, Any]]]:
    found = [(place, schema)]
    for name, child in schema.get("properties", {}).items():
        found += _walk(child, f"{place}/{name}")
    if "items" in schema:
        found += _walk(schema["items"], f"{place}/*")
    return found


def _made(schema: dict[str, Any], *, length: int, number: float, text: str, optional: bool = True) -> Any:
    """A value that fits the schema, made of this number and text wherever they fit."""
    again = {"length": length, "number": number, "text": text, "optional": optional}
    match schema["type"]:
        case "object":
            names = schema["properties"] if optional else schema["required"]
            return {name: _made(schema["properties"][name], **again) for name in names}
        case "array":
            return [_made(schema["items"], **again)] * max(length, schema.get("minItems", 0))
        case "string" if "pattern" in schema:
            return next(
                one for one in ("2025-12-31", "2025-12", "EUR", "DE", "de", "a@b") if re.search(schema["pattern"], one)
            )
        case "string":
            return text[: schema["maxLength"]]
        case "boolean":
            return False
        case _:
            return min(max(number, schema["minimum"]), schema["maximum"])


def _strategy(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    match schema["type"]:
        case "object":
            properties = {name: _strategy(child) for name, child in schema["properties"].items()}
            required = {name: properties.pop(name) for name in schema["required"]}
            return st.fixed_dictionaries(required, optional=properties)
        case "array":
            return st.lists(_strategy(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
        case "string" if "pattern" in schema:
            return st.from_regex(schema["pattern"], fullmatch=True, alphabet=st.characters(codec="ascii"))
        case "string":
            text = st.text(st.characters(exclude_categories=["Cs"]), min_size=schema["minLength"], max_size=12)
            return text | st.sampled_from(TEXTS).map(lambda chosen: chosen[: schema["maxLength"]])
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema["minimum"], schema["maximum"])
        case kind:
            low, high = schema["minimum"], schema["maximum"]
            numbers = st.integers(low, high) | st.floats(low, high)
            return numbers | st.none() if "null" in kind else numbers


def test_a_share_of_next_to_nothing_reads_as_a_power_of_ten() -> None:
    data = copy.deepcopy(report_types()["performance"].sample)
    data["rows"] = [{"name": "x", "value": 144550945, "target": 1.4455094486180046e-49}]
    assert "1.0E59%" in rendered("performance", data).text
