# ruff: noqa: RUF001 - letters of other scripts and the signs that they write with are what this is about
"""The kit's own few words in the report's language: what no template and no payload says.

A language is a row of `_WORDS`: to add one, copy the English row, translate each word and keep its spaces. What a
report type says beyond these ("Sales in detail") is its template's to say. A language without a row gets English.
"""

from collections.abc import Mapping
from typing import Final

from babel import Locale
from jinja2 import TemplateRuntimeError, pass_context
from jinja2.runtime import Context

# "Page 1 of 3" is `page` 1 `of` 3 `pages`: languages put their words before, between and after the numbers.
_NAMES: Final = (
    "page", "of", "pages", "prepared", "report_number",
    "contents", "continued", "total", "draft", "confidential", "group",
)  # fmt: skip

_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        "Page ", " of ", "", "Prepared", "Report no.",
        "Contents", "continued", "Total", "Draft", "Confidential", "Group",
    ),
    "de": (
        "Seite ", " von ", "", "Erstellt", "Bericht Nr.",
        "Inhalt", "Fortsetzung", "Summe", "Entwurf", "Vertraulich", "Gruppe",
    ),
    "fr": (
        "Page ", " sur ", "", "Établi", "Rapport nº",
        "Sommaire", "suite", "Total", "Brouillon", "Confidentiel", "Groupe",
    ),
    "es": (
        "Página ", " de ", "", "Elaborado", "Informe n.º",
        "Índice", "continuación", "Total", "Borrador", "Confidencial", "Grupo",
    ),
    "it": (
        "Pagina ", " di ", "", "Redatto", "Rapporto n.",
        "Indice", "segue", "Totale", "Bozza", "Riservato", "Gruppo",
    ),
    "pt": (
        "Página ", " de ", "", "Elaborado", "Relatório n.º",
        "Índice", "continuação", "Total", "Rascunho", "Confidencial", "Grupo",
    ),
    "nl": (
        "Pagina ", " van ", "", "Opgesteld", "Rapport nr.",
        "Inhoud", "vervolg", "Totaal", "Concept", "Vertrouwelijk", "Groep",
    ),
    "pl": (
        "Strona ", " z ", "", "Sporządzono", "Raport nr",
        "Spis treści", "ciąg dalszy", "Razem", "Szkic", "Poufne", "Grupa",
    ),
    "ja": (
        "", " / ", " ページ", "作成", "レポート番号",
        "目次", "続き", "合計", "下書き", "社外秘", "グループ",
    ),
    "zh": (
        "第 ", " 页，共 ", " 页", "编制时间", "报告编号",
        "目录", "续", "合计", "草稿", "机密", "组",
    ),
    "zh_Hant": (
        "第 ", " 頁，共 ", " 頁", "編製時間", "報告編號",
        "目錄", "續", "合計", "草稿", "機密", "群組",
    ),
    "ar": (
        "صفحة ", " من ", "", "تاريخ الإعداد", "رقم التقرير",
        "المحتويات", "تابع", "الإجمالي", "مسودة", "سري", "المجموعة",
    ),
    "he": (
        "עמוד ", " מתוך ", "", "הופק", "דוח מס׳",
        "תוכן העניינים", "המשך", "סך הכול", "טיוטה", "חסוי", "קבוצה",
    ),
}  # fmt: skip


@pass_context
def word(context: Context, name: str) -> str:
    """One of the kit's words in the language of the template's `locale`: `{{ word("total") }}`."""
    if name not in _NAMES:
        raise TemplateRuntimeError(f"word() knows {', '.join(_NAMES)} and no other")
    return word_in(context["locale"], name)


def word_in(locale: Locale, name: str) -> str:
    """One of the kit's words in a language."""
    return _row(locale)[_NAMES.index(name)]


def _row(locale: Locale) -> tuple[str, ...]:
    wanted = (f"{locale.language}_{locale.script}", locale.language)
    return next((_WORDS[name] for name in wanted if name in _WORDS), _WORDS["en"])
