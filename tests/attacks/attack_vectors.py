"""What templates and payloads may try: the table of `test_attacks`.

    name ─► template ─► what comes of it: the reason of the failure, or "made"

Marks such as %HTTP% stand for the canary's places. "made" means that the place is none to WeasyPrint: it never asks.
"""

import base64
from collections.abc import Callable
from typing import Final

SVG: Final = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="99" height="99"'
BLOCKED, LINK, TEMPLATE, MADE = "asset.blocked", "link.blocked", "template.error", "made"


# Every place of HTML that takes a URL.
IN_HTML = {
    "img": ('<img src="%HTTP%/a.png">', BLOCKED),
    "img srcset": ('<img srcset="%HTTP%/a.png 1x">', MADE),
    "picture": ('<picture><source srcset="%HTTP%/a.png"><img alt="x"></picture>', MADE),
    "input image": ('<input type="image" src="%HTTP%/a.png">', MADE),
    "stylesheet": ('<link rel="stylesheet" href="%HTTP%/a.css">', BLOCKED),
    "stylesheet for print": ('<link rel="StyleSheet" media="print" href="%HTTP%/a.css">', BLOCKED),
    "icon": ('<link rel="icon" href="%HTTP%/a.ico">', MADE),
    "preload": ('<link rel="preload prefetch dns-prefetch" as="image" href="%HTTP%/a.png">', MADE),
    "import of html": ('<link rel="import" href="%HTTP%/a.html">', MADE),
    "object": ('<object data="%HTTP%/a.svg" type="image/svg+xml">x</object>', BLOCKED),
    "embed": ('<embed src="%HTTP%/a.svg" type="image/svg+xml">', BLOCKED),
    "iframe": ('<iframe src="%HTTP%/a.html"></iframe>', MADE),
    "iframe srcdoc": ("<iframe srcdoc=\"<img src='%HTTP%/a.png'>\"></iframe>", MADE),
    "frame": ('<frameset><frame src="%HTTP%/a.html"></frameset>', MADE),
    "script": ('<script src="%HTTP%/a.js"></script>', MADE),
    "video": ('<video src="%HTTP%/a.mp4" poster="%HTTP%/a.png"></video>', MADE),
    "audio": ('<audio src="%HTTP%/a.mp3"></audio>', MADE),
    "track": ('<video><track src="%HTTP%/a.vtt"></video>', MADE),
    "body background": ('<body background="%HTTP%/a.png">x', MADE),
    "table background": ('<table background="%HTTP%/a.png"><tr><td>x</table>', MADE),
    "base": ('<base href="%HTTP%/"><img src="a.png">', BLOCKED),
    "base of files": ('<base href="file://%DIR%/"><img src="c.svg">', BLOCKED),
    "meta refresh": ('<meta http-equiv="refresh" content="0; url=%HTTP%/a.html">', MADE),
    "html manifest": ('<html manifest="%HTTP%/a.manifest">x', MADE),
    "applet": ('<applet archive="%HTTP%/a.jar" code="A"></applet>', MADE),
    "form action": ('<form action="%HTTP%/a"><input name="a" value="b"><button>c</button></form>', MADE),
    "form fields": ('<style>* {appearance: auto}</style><form><input name="a"></form>', "template.form"),
    "ping": ('<a href="https://example.com" ping="%HTTP%/a">x</a>', MADE),
    "blockquote cite": ('<blockquote cite="%HTTP%/a">x</blockquote>', MADE),
    "attachment": ('<link rel="attachment" href="file://%DIR%/c.txt">', BLOCKED),
    "attachment over the net": ('<link rel="attachment" href="%HTTP%/a.txt">', BLOCKED),
    "attachment of one's own": ('<link rel="attachment" href="sample.json">', BLOCKED),
    "attachment of one's own style": ('<link rel="attachment" href="style.css">', BLOCKED),
    "attachment of one's own style by a link": ('<a rel="attachment" href="style.css">x</a>', BLOCKED),
    "attachment by a link": ('<a rel="attachment" href="file://%DIR%/c.txt">x</a>', BLOCKED),
    "attachment of the environment": ('<link rel="attachment" href="file:///proc/self/environ">', BLOCKED),
    "mathml": ('<math><mglyph src="%HTTP%/a.png"/></math>', MADE),
}

# Every place of CSS.
IN_CSS = {
    "@import": ("@import '%HTTP%/a.css';", BLOCKED),
    "@import url": ("@import url(%HTTP%/a.css) print;", BLOCKED),
    "@import with escapes": (r"@\69mport '%HTTP%/a.css';", BLOCKED),
    "@import of a file": ("@import 'file://%DIR%/c.css';", BLOCKED),
    "@font-face": ("@font-face { font-family: X; src: url(%HTTP%/a.ttf) } p { font-family: X }", BLOCKED),
    "@font-face file": ("@font-face { font-family: X; src: url(file://%DIR%/c.txt) } p { font-family: X }", BLOCKED),
    "@font-face local": ("@font-face { font-family: X; src: local('%DIR%/c.txt') } p { font-family: X }", MADE),
    "@color-profile": ("@color-profile --x { src: url(%HTTP%/a.icc) }", BLOCKED),
    "@namespace": ("@namespace url(%HTTP%/a);", MADE),
    "@document": ("@document url(%HTTP%/a) { p { color: red } }", MADE),
    "background": ("p { background: url(%HTTP%/a.png) }", BLOCKED),
    "background-image": ("p { background-image: none, url('%HTTP%/a.png') }", BLOCKED),
    "a page's background": ("@page { background: url(%HTTP%/a.png) }", BLOCKED),
    "a margin's content": ("@page { @top-left { content: url(%HTTP%/a.png) } }", BLOCKED),
    "list-style-image": ("p { display: list-item; list-style-image: url(%HTTP%/a.png) }", BLOCKED),
    "list-style": ("p { display: list-item; list-style: url(%HTTP%/a.png) }", BLOCKED),
    "content": ("p::before { content: url(%HTTP%/a.png) }", BLOCKED),
    "content of an element": ("p { content: url(%HTTP%/a.png) }", MADE),
    "border-image": ("p { border: 9px solid; border-image: url(%HTTP%/a.png) 9 }", BLOCKED),
    "border-image-source": ("p { border: 9px solid; border-image-source: url(%HTTP%/a.png) }", BLOCKED),
    "mask-border": ("p { mask-border: url(%HTTP%/a.png) 9 }", BLOCKED),
    "cursor": ("p { cursor: url(%HTTP%/a.cur), auto }", MADE),
    "filter": ("p { filter: url(%HTTP%/a.svg#x) }", MADE),
    "mask": ("p { mask: url(%HTTP%/a.svg#x); clip-path: url(%HTTP%/a.svg#y) }", MADE),
    "shape-outside": ("p { float: left; shape-outside: url(%HTTP%/a.png) }", MADE),
    "image-set": ("p { background: image-set('%HTTP%/a.png' 1x) }", MADE),
    "cross-fade": ("p { background: cross-fade(url(%HTTP%/a.png), red) }", MADE),
    "a variable": ("p { --x: url(%HTTP%/a.png); background: var(--x) }", BLOCKED),
    "an attribute": ("p { background: attr(title url) } p::before { content: attr(title url) }", "render.error"),
    "a link by style": ("p { link: url(file://%DIR%/c.txt); -weasy-link: url(%HTTP%/a) }", MADE),
    "a link by attribute": ("p { link: attr(title url) }", MADE),
    "@counter-style": (
        "@counter-style x { system: cyclic; symbols: url(%HTTP%/a.png) } p { display: list-item; list-style: x }",
        MADE,
    ),
    "behavior": ("p { behavior: url(%HTTP%/a.htc); -moz-binding: url(%HTTP%/a.xml#x) }", MADE),
    "expression": ("p { width: expression(alert(1)); color: javascript:alert(1) }", MADE),
}

# Every place of SVG: in the page, and as an image.
IN_SVG = {
    "image": ('<image xlink:href="%HTTP%/a.png" width="9" height="9"/>', BLOCKED),
    "image href": ('<image href="%HTTP%/a.png" width="9" height="9"/>', BLOCKED),
    "image of a file": ('<image href="file://%DIR%/c.svg" width="9" height="9"/>', BLOCKED),
    "image with a base": ('<image xml:base="%HTTP%/" href="a.png" width="9" height="9"/>', BLOCKED),
    "image in an image": (
        '<image href="data:image/svg+xml,&lt;svg xmlns=&quot;http://www.w3.org/2000/svg&quot;&gt;'
        '&lt;image href=&quot;%HTTP%/a.png&quot;/&gt;&lt;/svg&gt;" width="9" height="9"/>',
        BLOCKED,
    ),
    "use": ('<use xlink:href="%HTTP%/a.svg#x"/>', MADE),
    "use of a file": ('<use href="file://%DIR%/c.svg#x"/>', MADE),
    "feImage": (
        '<filter id="f"><feImage href="%HTTP%/a.png"/></filter><rect width="9" height="9" filter="url(#f)"/>',
        MADE,
    ),
    "filter": ('<rect width="9" height="9" filter="url(%HTTP%/a.svg#f)"/>', MADE),
    "mask": ('<rect width="9" height="9" mask="url(%HTTP%/a.svg#f)" clip-path="url(%HTTP%/a.svg#g)"/>', MADE),
    "fill": ('<rect width="9" height="9" fill="url(%HTTP%/a.svg#f)" stroke="url(file://%DIR%/c.svg#x)"/>', MADE),
    "marker": ('<path d="M0 0L9 9" marker-start="url(%HTTP%/a.svg#f)"/>', MADE),
    "pattern": ('<pattern id="p" href="%HTTP%/a.svg#x"/><rect width="9" height="9" fill="url(#p)"/>', MADE),
    "textPath": ('<text><textPath href="%HTTP%/a.svg#x">x</textPath></text>', MADE),
    "tref": ('<text><tref xlink:href="file://%DIR%/c.svg#x"/></text>', "asset.broken"),
    "a link": ('<a href="file://%DIR%/c.txt"><text y="9">x</text></a>', MADE),
    "style @import": ("<style>@import url(%HTTP%/a.css);</style>", "asset.broken"),
    "style @font-face": ("<style>@font-face { font-family: X; src: url(%HTTP%/a.ttf) }</style>", BLOCKED),
    "style url": ("<style>rect { fill: url(%HTTP%/a.svg#x) }</style><rect width='9' height='9'/>", MADE),
    "script": ('<script href="%HTTP%/a.js">fetch("%HTTP%/b")</script>', MADE),
    "foreignObject": (
        "<foreignObject><img xmlns='http://www.w3.org/1999/xhtml' src='%HTTP%/a'/></foreignObject>",
        BLOCKED,
    ),
    "animate": ('<image><set attributeName="href" to="%HTTP%/a.png"/></image>', "asset.missing"),
    "stylesheet instruction": ('<?xml-stylesheet href="%HTTP%/a.css"?><text y="9">x</text>', MADE),
}

# An image's URL in every spelling.
SPELLED = [
    "https://%HOST%/a.png",
    "HTTP://%HOST%/a.png",
    "hTtPs://%HOST%/a.png",
    "//%HOST%/a.png",
    "///%HOST%/a.png",
    "/\\%HOST%/a.png",
    "\\\\%HOST%\\a.png",
    " http://%HOST%/a.png ",
    "ht&#9;tp://%HOST%/a.png",
    "http:&#10;//%HOST%/a.png",
    "&#1;http://%HOST%/a.png",
    "http:%HOST%/a.png",
    "http:/%HOST%/a.png",
    "http:///%HOST%/a.png",
    "http://localhost:%PORT%/a.png",
    "http://2130706433:%PORT%/a.png",
    "http://0x7f000001:%PORT%/a.png",
    "http://0177.0.0.1:%PORT%/a.png",
    "http://127.1:%PORT%/a.png",
    "http://0:%PORT%/a.png",
    "http://[::ffff:127.0.0.1]:%PORT%/a.png",
    "http://[::1]:%PORT%/a.png",
    "http://[::1/a.png",
    "http://&#65297;&#65298;&#65303;.0.0.1:%PORT%/a.png",
    "http://user:secret@%HOST%/a.png",
    "http://example.com#@%HOST%/a.png",
    "http://example.com\\@%HOST%/a.png",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/v2/credentials",
    "ftp://%HOST%/a.png",
    "ftps://%HOST%/a.png",
    "sftp://%HOST%/a.png",
    "gopher://%HOST%/_GET%20/",
    "dict://%HOST%/x",
    "ldap://%HOST%/x",
    "tftp://%HOST%/x",
    "ws://%HOST%/x",
    "s3://reports/x",
    "jar:http://%HOST%/a.jar!/a.png",
    "php://filter/read=convert.base64-encode/resource=%DIR%/c.txt",
    "expect://id",
    "phar://%DIR%/c.txt",
    "zip://%DIR%/c.txt",
    "netdoc:%DIR%/c.txt",
    "view-source:http://%HOST%/",
    "blob:http://%HOST%/1",
    "about:blank",
    "javascript:alert(1)",
    "vbscript:x",
    "chrome://version",
    "res://x",
    "unix:///run/docker.sock",
    "urn:x",
    "file://%DIR%/c.svg",
    "FILE://%DIR%/c.svg",
    "file:%DIR%/c.svg",
    "file:/%DIR%/c.svg",
    "file:////%DIR%/c.svg",
    "file://localhost%DIR%/c.svg",
    "file://127.0.0.1%DIR%/c.svg",
    "file://%HOST%/c.svg",
    "fi&#9;le://%DIR%/c.svg",
    "local_file://%DIR%/c.svg",
    "url:file://%DIR%/c.svg",
    "%DIR%/c.svg",
    "../../canary/c.svg",
    "..\\..\\canary\\c.svg",
    "%2e%2e/%2e%2e/canary/c.svg",
    "..%2f..%2fcanary%2fc.svg",
    "./x/../../../canary/c.svg",
    "....//....//canary/c.svg",
    "../attack/../../canary/c.svg",
    "../sales/sample.json",
    "link.svg",
    "sample.json",
    "template.html",
    "..",
    "file:///etc/passwd",
    "file:///etc/passwd%00.png",
    "file:///proc/self/environ",
    "file:///proc/self/root%DIR%/c.svg",
    "file:///proc/self/cwd/../../../../etc/passwd",
    "file:///proc/self/fd/0",
    "file:///dev/zero",
    "file:///dev/stdin",
    "file://%DIR%/c.svg?.png",
    "file://%DIR%/c.svg#.png",
    "file:\\\\\\etc\\passwd",
    "data:text/html,<img src=%HTTP%/a.png>",
    "data:text/css,@import '%HTTP%/a.css'",
    "data:application/pdf;base64,JVBERi0xLjc=",
    "data:image/,x",
    "data:image/png",
    "data:,x",
]

# Links: where the reader's click would lead.
LINKS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java&#9;script:alert(1)",
    "javascript&colon;alert(1)",
    " &#1;javascript:alert(1)",
    "vbscript:x",
    "data:text/html,<script>alert(1)</script>",
    "file:///etc/passwd",
    "file://%HOST%/share",
    "\\\\%HOST%\\share",
    "page.html",
    "../../canary/c.txt",
    "ftp://%HOST%/",
    "smb://%HOST%/",
    "ms-msdt:/id",
    "tel:+1",
    "http://[::1",
    "//%HOST%/a",
]

# Templates that want out of their sandbox.
ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ [data]|map(attribute='__class__')|list }}",
    "{{ [data]|groupby('__class__') }}",
    "{{ [data]|sort(attribute='__class__')|first }}{{ [data.__class__] }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ dict.__base__ }}",
    "{{ range.__self__ }}",
    "{{ zip.__self__ }}",
    "{{ charts.bar.__func__.__globals__ }}",
    "{{ charts._label }}",
    "{{ charts.__class__.__init__.__globals__ }}",
    "{{ report.__dict__ }}",
    "{{ report.created.__class__ }}",
    "{{ locale.__class__.load }}",
    "{{ locale._data }}",
    "{{ data.items.__self__ }}",
    "{{ (data|string).encode.__self__.__class__ }}",
    "{{ '{0.__class__}'.format(data) }}",
    "{{ '{x.__class__}'.format_map({'x': data}) }}",
    "{{ ('{0.__class__}'|safe).format(data) }}",
    "{{ ('{0.__class__}'|attr('format'))(data) }}",
    "{{ '{0.created.__class__.__init__.__globals__}'.format(report) }}",
    "{{ '%(x)s'|format(x=data.__class__) }}",
    "{% macro m() %}{{ caller.__globals__ }}{% endmacro %}{% call m() %}{% endcall %}{{ m.__globals__ }}",
    "{% for x in [1] %}{{ loop.__init__.__globals__ }}{% endfor %}",
    "{% set f = data.update %}{{ f(x=1) }}",
    "{% set x = [] %}{{ x.append(1) }}",
    "{{ {}.setdefault('x', 1) }}",
    "{% include '../../canary/c.txt' %}",
    "{% include '%DIR%/c.txt' %}",
    "{% include 'file://%DIR%/c.txt' %}",
    "{% include 'link.txt' %}",
    "{% include '_kit/../../../canary/c.txt' %}",
    "{% import '/etc/passwd' as x %}",
    "{% extends '../sales/template.html' %}",
    "{{ range(1000000000) }}",
    "{{ open('%DIR%/c.txt').read() }}",
    "{{ __import__('os').environ }}",
    "{{ config }}{{ request.application }}",
    "{{ undefined_thing.__init__ }}",
    "{{ data_table.__func__.__globals__ }}",
    "{{ data_table([{'title': 'x', 'width': 9, 'key': '__class__'}], [data]) }}",
    "{{ data_table([{'title': 'x', 'width': 9, 'of': open}], ['%DIR%/c.txt']) }}",
    "{{ codes.qr.__globals__ }}",
    "{{ time_zone.__class__ }}",
]

# What a payload may hold, wherever a template puts it.
VALUES = [
    '"><img src="%HTTP%/a.png">',
    "<link rel=attachment href=file:///proc/self/environ>",
    "</style><img src='%HTTP%/a.png'>",
    "{{ ''.__class__ }}{% include '../../canary/c.txt' %}",
    "url(%HTTP%/a.png)",
    "&lt;img src=%HTTP%/a.png&gt;",
    "\x3c\x2fp\x3e<object data=%HTTP%/a>",
    "x' onerror='alert(1)",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16") + "\u202e<script>alert(1)</script>",
]

# Whole drawings, as images.
DRAWINGS = {
    "external entity": (
        f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file://%DIR%/c.txt">]><svg {SVG}><text y="9">&x;</text></svg>',
        BLOCKED,
    ),
    "external entity over the net": (
        f'<!DOCTYPE svg [<!ENTITY % x SYSTEM "%HTTP%/a.dtd">%x;]><svg {SVG}/>',
        BLOCKED,
    ),
    "document type over the net": (f'<!DOCTYPE svg SYSTEM "%HTTP%/a.dtd"><svg {SVG}/>', MADE),
    "XInclude": (
        f'<svg {SVG} xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file://%DIR%/c.txt"/></svg>',
        MADE,
    ),
    "HTML": ("<html><img src='%HTTP%/a.png'/></html>", "asset.broken"),
    "PostScript": ("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%DIR%/c.txt) run", "asset.broken"),
    "stylesheet instruction": (f'<?xml-stylesheet href="%HTTP%/a.css"?><svg {SVG}/>', MADE),
}

# Where the table's last part would be wrong of one.
AS_IMAGE: Final = {"foreignObject": MADE}  # in a page it is HTML that breaks out of the SVG
ODD: Final = {
    # No scheme, whatever it looks like: a name in the report's folder, where there is no such file.
    "..\\..\\canary\\c.svg": "asset.missing",
    "\\\\%HOST%\\a.png": "asset.missing",
    "....//....//canary/c.svg": "asset.missing",
    "local_file://%DIR%/c.svg": "asset.missing",
    "data:image/,x": "asset.broken",
    # Nothing is in a list: it reads "[Undefined]".
    "{{ [data]|map(attribute='__class__')|list }}": MADE,
    "{{ [data]|groupby('__class__') }}": MADE,
    "{{ [data]|sort(attribute='__class__')|first }}{{ [data.__class__] }}": MADE,
}


def as_image(drawing: str) -> str:
    """The drawing in a data: URL."""
    return f'<img src="data:image/svg+xml;base64,{base64.b64encode(drawing.encode()).decode()}">'


def table(into: Callable[[str], str]) -> dict[str, tuple[str, str]]:
    """Every vector by name: its template, in which `into` has replaced the marks, and what comes of it."""
    rows = {f"html: {name}": (f"<p title='x'>y</p>{html}", outcome) for name, (html, outcome) in IN_HTML.items()}
    for name, (css, outcome) in IN_CSS.items():
        rows[f"css: {name}"] = (f"<style>{css}</style><p title='%HTTP%/a.png'>y</p>", outcome)
    for name, (inside, outcome) in IN_SVG.items():
        rows[f"svg: {name}"] = (f"<svg {SVG}>{inside}</svg>", outcome)
        rows[f"svg image: {name}"] = (as_image(into(f"<svg {SVG}>{inside}</svg>")), AS_IMAGE.get(name, outcome))
    for name, (drawing, outcome) in DRAWINGS.items():
        rows[f"drawing: {name}"] = (as_image(into(drawing)), outcome)
    rows |= {f"spelled: {url}": (f'<img src="{url}">', ODD.get(url, BLOCKED)) for url in SPELLED}
    rows |= {f"linked: {url}": (f'<a href="{url}">x</a>', ODD.get(url, LINK)) for url in LINKS}
    rows |= {f"escape: {template}": (template, ODD.get(template, TEMPLATE)) for template in ESCAPES}
    return {name: (into(template), outcome) for name, (template, outcome) in rows.items()}
