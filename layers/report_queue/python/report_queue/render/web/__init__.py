"""The report as one HTML file, for screens of any width: nothing outside of the file, nothing in it that acts.

    template ──► HTML ──parsed──► tree ──clean──► what is known here, links that may be ──page──► one file
                                   │                                                     │
                                 footnotes to the end             styles, images and fonts as data: URLs (inline)

`clean` decides what may stand in it, `inline` brings the assets in through the locked fetcher, `spell` writes the tree,
`page` puts the file together. What is written is what was looked at: the parsed tree, and no text of the template's.
"""

from report_queue.render.web.page import html

__all__ = ["html"]
