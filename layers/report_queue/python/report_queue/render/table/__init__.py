"""Tables of any length: short ones as HTML like any other, long ones through a lane of their own.

    rows ──rows──► texts ──┬── few ─────────────────────────────► HTML ──► WeasyPrint lays out every cell
                           └── many ──► lane: a specimen of the table and one empty block a page are laid out,
                                          │   from the specimen's boxes it is known how a row looks
                                          ├─ shards   rows to lines, by several processes where Pango has much to do
                                          ├─ plan     lines to pages, each page's content compressed at once
                                          └─ write    the pages' content goes into the PDF, with WeasyPrint's own fonts

What cannot be written apart from the layout (`typeset`), or was asked for as accessible, takes the ordinary way. The
lane's rows are in the PDF's text, to select, search and copy, but not in its structure tree: they are marked as
artifacts.
"""

from report_queue.render.table.lane import ORDINARY, Lane
from report_queue.render.table.rows import Tables
from report_queue.render.table.write import many_pages

__all__ = ["ORDINARY", "Lane", "Tables", "many_pages"]
