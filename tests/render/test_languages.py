# ruff: noqa: RUF001 - letters of other scripts are what these tests are about
"""Languages: letters of each have a font, the kit's words and the moments follow the job, right-to-left reads so."""

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from report_words import CREATED, JOB_ID, made_up, rendered

from report_queue.edition import Edition
from report_queue.render import formats, templates, words
from report_queue.render.right_to_left import as_drawn
from report_queue.reports import report_types

SENTENCES = {
    "Latin": "Þór sá œuvre, žluťoučký kůň, İstanbul, Ngữ văn, ſtraße, Zażółć gęślą jaźń",
    "Greek": "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία",
    "Cyrillic": "Съешь ещё этих мягких французских булок; їжак, ґанок, Љубичица",
    "Chinese": "我能吞下玻璃而不傷身體。我能吞下玻璃而不伤身体。",
    "Japanese": "いろはにほへと　チリヌルヲ　日本語の請求書",
    "Korean": "다람쥐 헌 쳇바퀴에 타고파",
    "Arabic": "نص حكيم له سر قاطع وذو شأن عظيم ١٢٣",
    "Persian": "فاکتور شمارهٔ ۱۲۳ به مبلغ پنج هزار گچ پژواک",
    "Urdu": "رپورٹ کا خلاصہ ٹھیک ہے",
    "Hebrew": "דג סקרן שט בים מאוכזב, שָׁלוֹם",
    "emoji": "🚀 📦 ✅ 👩🏽‍💻 🇪🇺 ❤️ 🎉",
    "signs": "€ £ ¥ ₹ ₽ ₩ ₪ ₺ ₴ ₿ → ← ✓ ✕ ▲ ▼ ≤ ≥ ≠ ∞ √ ½ № ™ °",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_every_letter_of_a_language_has_a_font(language: str) -> None:
    sample = report_types()["test"].sample
    rows = [{"label": SENTENCES[language][:60], "value": 1}]
    report = rendered("test", sample | {"message": SENTENCES[language], "rows": rows})
    assert report.findings == ()


@pytest.mark.parametrize(
    ("language", "fonts"),
    [
        ("Greek", {"Inter"}),
        ("Cyrillic", {"Inter"}),
        ("Chinese", {"Inter", "WenQuanYi-Micro-Hei"}),
        ("Japanese", {"Inter", "WenQuanYi-Micro-Hei"}),
        ("Korean", {"Inter", "WenQuanYi-Micro-Hei"}),
        ("Arabic", {"Inter", "DejaVu-Sans"}),
        ("Hebrew", {"Inter", "DejaVu-Sans"}),
        ("emoji", {"Inter", "Noto-Color-Emoji"}),
    ],
)
def test_what_the_documents_own_font_has_comes_from_it_and_the_rest_from_its_fonts(
    tmp_path: Path, language: str, fonts: set[str]
) -> None:
    assert _fonts(tmp_path, f"<p>Plain words {SENTENCES[language]}</p>") == fonts


def test_urdu_is_set_in_one_font_for_the_letters_of_two_do_not_join(tmp_path: Path) -> None:
    assert _fonts(tmp_path, f'<p lang="ur">{SENTENCES["Urdu"]}</p>') == {"Inter", "Amiri"}


def test_an_emoji_is_drawn_in_colour(tmp_path: Path) -> None:
    page = rendered(made_up(tmp_path / "made", "<p>🚀</p>")).reader.pages[0]
    assert len(page.images) == 1


@pytest.mark.parametrize(
    ("zone", "locale", "told"),
    [
        ("UTC", "en", "Jan 5, 2026, 9:30 AM UTC"),
        ("Europe/Berlin", "de", "05.01.2026, 10:30 MEZ"),
        ("Europe/Berlin", "en-GB", "5 Jan 2026, 10:30 CET"),
        ("America/New_York", "en", "Jan 5, 2026, 4:30 AM EST"),
        ("Asia/Kolkata", "en-IN", "5 Jan 2026, 3:00 pm GMT+05:30"),
        ("Pacific/Auckland", "en", "Jan 5, 2026, 10:30 PM GMT+13:00"),
    ],
)
def test_a_moment_reads_in_the_jobs_time_zone_with_its_short_name(zone: str, locale: str, told: str) -> None:
    report = rendered("test", edition=Edition(locale=locale, time_zone=zone))
    assert told in report.text.replace("\u202f", " ")


def test_daylight_saving_time_is_kept(tmp_path: Path) -> None:
    context = {"locale": formats.locale_of("de"), "time_zone": formats.time_zone_of("Europe/Berlin")}
    assert formats.moment(context, datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == "02.07.2026, 00:30 MESZ"  # type: ignore[arg-type]


def test_the_jobs_language_goes_before_the_payloads() -> None:
    sample = report_types()["invoice"].sample
    assert sample["locale"] == "en-GB"
    assert rendered("invoice").reader.trailer["/Root"]["/Lang"] == "en-GB"
    german = rendered("invoice", edition=Edition(locale="de"))
    assert german.reader.trailer["/Root"]["/Lang"] == "de"
    assert "47.231,03 €" in german.text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("locale", "told"),
    [
        ("de", ["Seite 1 von 1", "Erstellt", "Bericht Nr."]),
        ("fr-CH", ["Page 1 sur 1", "Établi", "Rapport nº"]),
        ("ja", ["1 / 1 ページ", "作成", "レポート番号"]),
        ("zh-TW", ["第 1 頁，共 1 頁", "編製時間"]),
        ("sv", ["Page 1 of 1", "Prepared", "Report no."]),
    ],
)
def test_the_kits_own_words_follow_the_language(locale: str, told: list[str]) -> None:
    report = rendered("test", edition=Edition(locale=locale))
    assert [word for word in told if word not in report.text] == []
    assert report.findings == ()


def test_every_language_has_every_word() -> None:
    assert {len(row) for row in words._WORDS.values()} == {len(words._NAMES)}


def test_a_word_that_the_kit_has_not_is_told_to_the_author(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"template.html, line 3: .*: word\(\) knows page, of, pages, prepared"):
        rendered(made_up(tmp_path / "made", '{{ word("hello") }}'))


@pytest.mark.parametrize(
    ("locale", "direction"), [("ar", "rtl"), ("he-IL", "rtl"), ("fa", "rtl"), ("ur", "rtl"), ("de", "ltr")]
)
def test_the_document_runs_in_its_languages_direction(tmp_path: Path, locale: str, direction: str) -> None:
    """The first cell of a row stands at the right of the second where it is read from the right."""
    body = "<table><tr><td>first</td><td>second</td></tr></table>"
    page = rendered(made_up(tmp_path / "made", body), edition=Edition(locale=locale)).reader.pages[0]
    places: dict[str, float] = {}

    def visit(text: str, cm: list[float], tm: list[float], font: object, size: float) -> None:
        if text.strip():
            places[text.strip()] = tm[4] * cm[0] + cm[4]

    page.extract_text(visitor_text=visit)
    assert (places["first"] > places["second"]) == (direction == "rtl")


@pytest.mark.parametrize(
    ("words", "drawn"),
    [
        ("Plain, ½ and 日本", "Plain, ½ and 日本"),
        ("שלום (2025)", "(2025) םולש"),
        ("שָׁלוֹם", "םולש"),
        ("נטו 7.5% Linea", "Linea 7.5% וטנ"),
        ("عين", "\ufee6\ufef4\ufecb"),
        ("لا", "\ufefb"),
    ],
)
def test_words_of_a_drawing_are_joined_and_in_the_order_of_the_eye(words: str, drawn: str) -> None:
    """WeasyPrint draws them letter by letter from the left."""
    assert as_drawn(words) == drawn


def test_a_charts_label_reads_from_the_right(tmp_path: Path) -> None:
    # pypdf turns what runs from the right: it reads the drawn order back as it was written.
    body = '{{ charts.bar([("שלום", 5)], title="Bars") }}'
    assert "שלום" in rendered(made_up(tmp_path / "made", body)).reader.pages[0].extract_text()


def test_a_watermark_reads_from_the_right(tmp_path: Path) -> None:
    made = made_up(tmp_path / "made", '{% endblock %}{% block watermark %}{{ word("draft") }}')
    report = templates.Report(title="Made up", job_id=JOB_ID, created=CREATED, locale="he")
    assert quote("הטויט") in templates.html(made, data={}, report=report)


def _fonts(folder: Path, body: str) -> set[str]:
    """The fonts of the one page."""
    page = rendered(made_up(folder / "made", body)).reader.pages[0]
    names = (font.get_object()["/BaseFont"] for font in page["/Resources"]["/Font"].values())
    families = {str(name).removeprefix("/").split("+")[-1] for name in names}
    return {name for name in families if not name.startswith("Inter-")}  # its weights: the title block has them
