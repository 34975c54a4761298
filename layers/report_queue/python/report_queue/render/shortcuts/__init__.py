"""What WeasyPrint and its parser of HTML work out again and again, worked out once, or in a shorter way.

    parsing    the parser's sets of characters, each compiled once and not for every word
    styles     properties that an element takes from its parent or from CSS itself
    sizes      lengths that are no percentages
    texts      Pango's context and font description, one for each look and not for each line
    letters    a chart's text, drawn in one piece and not letter by letter

Each replaces one private function by one that gives the same (but for `letters`, which also joins and kerns), and asks
the old one wherever its own case is not given. They are written for the versions below and left out with any other.
"""

from typing import Final

WRITTEN_FOR: Final = {"weasyprint": "70.0", "tinyhtml5": "2.1.0"}


def take() -> bool:
    """Take them all, once in a process; False, and nothing taken, where they were written for other versions."""
    import tinyhtml5  # type: ignore[import-untyped]
    import weasyprint  # type: ignore[import-untyped]

    if {"weasyprint": weasyprint.VERSION, "tinyhtml5": tinyhtml5.VERSION} != WRITTEN_FOR:
        return False
    from report_queue.render.shortcuts import letters, parsing, sizes, styles, texts

    for shortcut in (parsing, styles, sizes, texts, letters):
        shortcut.take()
    return True
