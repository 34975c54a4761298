"""Templates that ask for more than there is, for `test_denial`: by name, with drawings and pictures made when asked."""

import base64
import struct
import zlib
from collections.abc import Callable
from typing import Final

_NESTED_FLEX = "<div style='display:flex'>" * 14 + "x" + "</div>" * 14
_NESTED_GRID = "<div style='display:grid'>" * 14 + "x" + "</div>" * 14
_NESTED_TABLES = "<table><tr><td>" * 60 + "x" + "</table>" * 60
_LAUGHS = ";".join(f"--v{level}: " + f"var(--v{level - 1}) " * 10 for level in range(1, 12))
_USES = "".join(
    f"<g id='u{level}'>" + f"<use href='#u{level - 1}'/>" * 10 + "</g>" for level in range(1, 12)
)  # fmt: skip

BOMBS: Final[dict[str, str]] = {
    "tab size": "<pre style='tab-size:1000000000'>a&#9;b</pre>",
    "colspan": "<table><tr><td colspan=100000000>x</table>",
    "rowspan": "<table><tr><td rowspan=100000000>x<tr><td>y</table>",
    "span of a column": "<table><colgroup span=100000000></colgroup><tr><td>x</table>",
    "nested flex": _NESTED_FLEX,
    "nested grid": _NESTED_GRID,
    "nested tables": _NESTED_TABLES,
    "grid repeat": "<div style='display:grid;grid-template-columns:repeat(10000000,1px)'>x</div>",
    "grid far away": "<div style='display:grid'><p style='grid-row:100000000;grid-column:100000000'>x</p></div>",
    "leaders": "<style>p::after{content:leader('.')}</style>{% for _ in range(20000) %}<p>x</p>{% endfor %}",
    "a leader of nothing": "<p style='width:100000000px'>x<style>p::after{content:leader('')}</style></p>",
    "counters": "<style>p{counter-increment:c 2147483647}p::before{content:counters(c,'.',lower-roman)}</style>"
    "{% for _ in range(5000) %}<p>x</p>{% endfor %}",
    "a roman number": "<style>p{counter-reset:c 2000000000}p::before{content:counter(c,symbols(additive 'x'))}</style>"
    "<p>x</p>",
    "a counter style": "<style>@counter-style s{system:additive;additive-symbols:1 'x'}"
    "p{counter-reset:c 100000000}p::before{content:counter(c,s)}</style><p>x</p>",
    "a padded counter": "<style>@counter-style s{system:numeric;symbols:'0' '1';pad:1000000000 '0'}"
    "p{counter-reset:c 7}p::before{content:counter(c,s)}</style><p>x</p>",
    "deep nesting": "{% for _ in range(50000) %}<div>{% endfor %}x",
    "deep inline nesting": "{% for _ in range(50000) %}<span>{% endfor %}x",
    "deep lists": "{% for _ in range(5000) %}<ul><li>{% endfor %}x",
    "endless loop": "{% for a in range(99999) %}{% for b in range(99999) %}" + "x" * 1000 + "{% endfor %}{% endfor %}",
    "silent loop": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "endless recursion": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "inclusion of itself": "{% include data.template %}",
    "a string times a number": "{{ 'a' * 10**9 }}",
    "a string that doubles": "{% set n = namespace(s='x' * 1000) %}"
    "{% for _ in range(60) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
    "a list times a number": "{{ ([1] * 10**9)|length }}",
    "a wide word": "{{ 'x'.ljust(10**10) }}",
    "a wide format": "{{ '%9999999999d' % 1 }}",
    "a wide format of its own": "{{ '{:>9999999999}'.format(1) }}",
    "a centred word": "{{ 'x'|center(10**10) }}",
    "an indented word": "{{ 'x\ny'|indent(10**10) }}",
    "a power": "{{ 10**(10**9) }}",
    "a power of a fraction": "{{ 1.5**(10**9) }}",
    "a batch": "{{ [1]|batch(10**9, 'x')|list }}",
    "a long word": "<p style='width:9px;overflow-wrap:anywhere;hyphens:auto'>{{ 'a' * 2000000 }}</p>",
    "many words": "<p>{{ 'a ' * 3000000 }}</p>",
    "a long attribute": "<p title='{{ 'a' * 30000000 }}' style='{{ 'color:red;' * 500000 }}'>x</p>",
    "a large font": "<p style='font-size:1000000000px'>{{ 'x ' * 5000 }}</p>",
    "a tiny page": "<style>@page{size:1px 1px;margin:0}</style><p>{{ 'words ' * 50000 }}</p>",
    "a large page": "<style>@page{size:100000000000mm 100000000000mm}</style><p>x</p>",
    "a tall block": "<div style='height:1000000000000px'>x</div>",
    "many pages": "{% for _ in range(99999) %}<p style='break-after:page'>x</p>{% endfor %}",
    "a page in pages": "<style>@page{margin:500mm}</style><p>{{ 'x ' * 100000 }}</p>",
    "running heads": "<style>@page{@top-left{content:element(h)}}h1{position:running(h)}</style>"
    "{% for _ in range(3000) %}<h1>{{ 'x ' * 500 }}</h1><p style='break-after:page'>y</p>{% endfor %}",
    "a tall running head": "<style>@page{@top-left{content:element(h);height:9mm}}h1{position:running(h)}</style>"
    "<h1>{{ 'x ' * 1000000 }}</h1><p>y</p>",
    "selectors": "<style>" + "div " * 3000 + "p{color:red}" + ":not(:not(" * 500 + "</style>"
    "{% for _ in range(400) %}<div>{% endfor %}<p>x</p>",
    "selectors of siblings": "<style>"
    + "".join(f"p~p~p~p~p~p:nth-last-child({n}n+1){{order:{n}}}" for n in range(1, 300))
    + "</style>{% for _ in range(3000) %}<p>x</p>{% endfor %}",
    "variables": f"<style>p{{--v0: x x x x x x x x x x;{_LAUGHS};font-family:var(--v11)}}</style><p>x</p>",
    "variables in a circle": "<style>p{--a:var(--b);--b:var(--a);color:var(--a)}</style><p>x</p>",
    "calculations": "<p style='width:calc(" + "(" * 3000 + "1px" + ")" * 3000 + ")'>x</p>",
    "footnotes": "<style>i{float:footnote}</style>{% for _ in range(30000) %}x<i>{{ 'y ' * 20 }}</i>{% endfor %}",
    "a tall footnote": "<style>i{float:footnote;height:100000mm}</style><p>x<i>y</i></p>",
    "floats": "{% for _ in range(20000) %}<b style='float:left;width:3px'>x</b>{% endfor %}",
    "string sets": "<style>@page{@top-left{content:string(s)}}p{string-set:s content() content() content()}</style>"
    "{% for _ in range(2000) %}<p>{{ 'x ' * 2000 }}</p>{% endfor %}",
    "text indent": "<p style='text-indent:-1000000000px'>{{ 'x ' * 5000 }}</p>",
    "word spacing": "<p style='word-spacing:1000000000px'>{{ 'x ' * 5000 }}</p>",
    "letter spacing": "<p style='letter-spacing:1000000000px'>{{ 'x ' * 5000 }}</p>",
    "line height": "<p style='line-height:1000000000'>{{ 'x ' * 500 }}</p>",
    "columns": "<div style='columns:100000000;column-gap:0'>{{ 'x ' * 5000 }}</div>",
    "nested columns": "<div style='columns:2'>" * 12 + "{{ 'x ' * 500 }}" + "</div>" * 12,
    "targets in a circle": "<style>a::after{content:target-counter(attr(href),page) target-text(attr(href))}</style>"
    "{% for n in range(3000) %}<p id='p{{ n }}' style='break-after:page'><a href='#p{{ 2999 - n }}'>x</a></p>"
    "{% endfor %}",
    "shadows and gradients": "<p style='width:999999px;"
    "background:repeating-linear-gradient(red,blue 0.0000001px)'>x</p>",
    "a background of dots": "<style>p{height:99999px;background-size:.001px;background-image:url("
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    "AAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
    ")}</style><p>x</p>",
    "transforms": "<div style='transform:scale(1.1) rotate(1deg)'>" * 400 + "x" + "</div>" * 400,
    "infinite numbers": "<p style='width:1e999px;margin:-1e308px;font-size:1e40px;line-height:1e999'>x</p>",
    "huge list start": "<ol start='99999999999999999999999'><li>x</ol>",
    "many ids": "{% for n in range(90000) %}<a id='a{{ n }}' href='#a{{ n + 1 }}'>x</a>{% endfor %}",
    "many bookmarks": "{% for n in range(30000) %}<h1>x</h1>{% endfor %}",
}


def image(content: bytes, kind: str) -> str:
    """An <img> of it."""
    return f'<img src="data:image/{kind};base64,{base64.b64encode(content).decode()}" alt="x">'


def png(width: int, height: int) -> bytes:
    """A picture of one colour that is small as long as it is packed."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    squeeze = zlib.compressobj(1)
    row = bytes(1 + (width + 7) // 8)
    packed = b"".join(squeeze.compress(row * 1000) for _ in range(height // 1000)) + squeeze.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def svg(inside: str) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99">{inside}</svg>'.encode()


_ENTITIES = "".join(
    f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10)
)  # fmt: skip

IMAGES: Final[dict[str, Callable[[], str]]] = {
    "a picture of 900 megapixels": lambda: image(png(30_000, 30_000), "png"),
    "a picture of 36 megapixels": lambda: image(png(6_000, 6_000), "png"),
    "many pictures": lambda: "".join(image(svg(f'<rect width="{n}" height="9"/>'), "svg+xml") for n in range(600)),
    "a GIF of a wide screen": lambda: image(
        b"GIF89a"
        + struct.pack("<HH", 65_535, 65_535)
        + b"\0\0\0,"
        + struct.pack("<HHHH", 0, 0, 1, 1)
        + b"\0\2\2D\1\0;",
        "gif",
    ),
    "entities in a drawing": lambda: image(
        f'<!DOCTYPE svg [<!ENTITY e0 "x">{_ENTITIES}]><svg xmlns="http://www.w3.org/2000/svg"><text>&e9;</text></svg>'.encode(),
        "svg+xml",
    ),
    "drawings in drawings": lambda: image(
        svg(f"<g id='u0'><rect width='9' height='9'/></g>{_USES}<use href='#u11'/>"), "svg+xml"
    ),
    "a drawing of itself": lambda: image(svg("<g id='x'><use href='#x'/></g><use href='#x'/>"), "svg+xml"),
    "a drawing inline of itself": lambda: svg("<g id='x'><use href='#x'/></g><use href='#x'/>").decode(),
    "patterns in patterns": lambda: image(
        svg(
            "<pattern id='p' width='.001' height='.001'><rect width='9' height='9' fill='url(#p)'/></pattern>"
            "<rect width='99' height='99' fill='url(#p)'/>"
        ),
        "svg+xml",
    ),
    "a filter": lambda: image(
        svg(
            "<filter id='f'><feOffset dx='1e30'/><feGaussianBlur stdDeviation='1e9'/></filter>"
            "<rect width='1e9' height='1e9' filter='url(#f)'/>"
        ),
        "svg+xml",
    ),
    "a dashed line": lambda: image(
        svg("<path d='M0 0H1e9' stroke='red' stroke-dasharray='1e-9'/>" + "<path d='M0 0" + "l1 1" * 300_000 + "'/>"),
        "svg+xml",
    ),
    "a deep drawing": lambda: image(svg("<g>" * 20_000 + "</g>" * 20_000), "svg+xml"),
    "a gradient that repeats": lambda: svg(
        "<linearGradient id='g' x2='1e-9' spreadMethod='repeat'>"
        "<stop offset='0'/><stop offset='1e-9'/></linearGradient>"
        "<rect width='99' height='99' fill='url(#g)'/>"
    ).decode(),
    "markers on a line": lambda: svg(
        "<marker id='m'><path d='M0 0" + "l1 1" * 500 + "' marker-mid='url(#m)'/></marker>"
        "<path d='M0 0" + "l1 1" * 500 + "' marker-mid='url(#m)'/>"
    ).decode(),
    "letters in a drawing": lambda: svg(f"<text>{'x' * 300_000}</text>").decode(),
}
