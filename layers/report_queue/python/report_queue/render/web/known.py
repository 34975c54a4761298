"""The names of HTML and SVG that a report for the web may have, and of those that it may not."""

from typing import Final


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


# What shows something.
KNOWN: Final = _names(
    "a abbr address article aside b bdi bdo big blockquote body br caption center cite code col colgroup data dd del"
    " details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 head header hgroup hr html i img ins kbd"
    " li main mark meter nav nobr ol p pre progress q rp rt ruby s samp section small span strike strong sub summary"
    " sup table tbody td tfoot th thead time tr tt u ul var wbr"
)
# The same of SVG's.
KNOWN_SVG: Final = _names(
    "a circle clipPath defs desc ellipse filter g image line linearGradient marker mask path pattern polygon polyline"
    " radialGradient rect stop style svg switch symbol text textPath title tspan use"
    " feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDisplacementMap feDropShadow feFlood"
    " feFuncA feFuncB feFuncG feFuncR feGaussianBlur feMerge feMergeNode feMorphology feOffset feTile"
)
# What acts, in either.
ACTS: Final = _names("applet embed fencedframe frame frameset iframe object portal script")
# What is filled in.
FORMS: Final = _names("button form input keygen select textarea")
# Left out with all that is in it.
SILENT: Final = _names("area audio canvas link map math meta param source template title track video")
# The same of SVG's.
SILENT_SVG: Final = _names(
    "animate animateColor animateMotion animateTransform cursor discard feImage font foreignObject handler iframe"
    " listener metadata mpath set"
)
# Of HTML's, those that hold no address.
ATTRIBUTES: Final = _names(
    "abbr align alt bgcolor border cellpadding cellspacing char class clear color colspan datetime dir face"
    " headers height hidden high hreflang id lang low max min name nowrap open optimum reversed role rowspan scope size"
    " span start style summary title translate type valign value width"
)
