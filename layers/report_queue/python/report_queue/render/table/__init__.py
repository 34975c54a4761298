"""Tables of any length: short ones as HTML like any other, long ones through a lane of their own.

    rows ──rows──► texts ──┬── few ─────────────────────────────► HTML ──► WeasyPrint lays out every cell
                           └── many ──► lane: a specimen of the table and one empty block a page are laid out,
                                          │   from the specimen's boxes it is known how a row looks
                                          ├─ plan     rows to pages, each page's content compressed at once
                                          ├─ write    the pages' content goes into the PDF, with WeasyPrint's own fonts
                                          └─ tree     the rows' elements go into its structure tree, as one table

What cannot be set letter by letter (`shaping`) takes the ordinary way. The lane's rows are in the PDF's text, to
select, search and copy, and in its structure tree, to be read aloud; where they are very many they are in that only if
the PDF is to be accessible, and are artifacts else.
"""

from report_queue.render.table.lane import Lane
from report_queue.render.table.rows import Tables

__all__ = ["Lane", "Tables"]
