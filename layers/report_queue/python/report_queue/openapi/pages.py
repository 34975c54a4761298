"""What is told of the API itself, ready to be given out: the document, its page for people, and a page a problem.

The pages are plain HTML: no script, and one style of our own, so that they work without the internet and under a
strict policy. They are made of the document and of the table of problems, and know nothing beside.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from typing import Any

from report_queue import problems
from report_queue.openapi.document import document
from report_queue.page import File, made


@cache
def files() -> Mapping[str, File]:
    """All of them by name; made once a process."""
    told = document()
    return {
        "openapi.json": made(json.dumps(told, ensure_ascii=False, separators=(",", ":")), name="openapi.json"),
        "docs.html": made(_docs(told), name="docs.html"),
        **{f"{row.type}.html": made(_problem(row), name="problem.html") for row in problems.ROWS.values()},
    }


def _docs(told: Mapping[str, Any]) -> str:
    operations = [
        (path, method, operation) for path, methods in told["paths"].items() for method, operation in methods.items()
    ]
    parts = [
        f"<p>{_words(told['info']['description'])}",
        'The document itself: <a href="/openapi.json">/openapi.json</a>.</p>',
    ]
    for tag in told["tags"]:
        mine = [one for one in operations if tag["name"] in one[2]["tags"]]
        parts.append(f'<h2 id="{tag["name"].lower()}">{escape(tag["name"])}</h2><p>{_words(tag["description"])}</p>')
        parts.extend(_operation(path, method, operation, told) for path, method, operation in mine)
    parts.append(f'<h2 id="problems">Problems</h2>{_problems()}<h2 id="schemas">Schemas</h2>')
    parts.extend(
        f'<details id="schema-{escape(name)}"><summary>{escape(name)}</summary>{_json(schema)}</details>'
        for name, schema in sorted(told["components"]["schemas"].items())
    )
    links = [*(tag["name"] for tag in told["tags"]), "Problems", "Schemas"]
    contents = " ".join(f'<a href="#{name.lower()}">{escape(name)}</a>' for name in links)
    return _whole(f"{told['info']['title']} API", f'<nav aria-label="Contents">{contents}</nav>{"".join(parts)}')


def _operation(path: str, method: str, told: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    name = escape(told["operationId"])
    parts = [
        f'<details class="operation" id="{name}"><summary><code class="{method}">{method.upper()}</code> '
        f"<code>{escape(path)}</code> {_words(told['summary'])}</summary><p>{_words(told['description'])}</p>"
    ]
    if given := told.get("parameters"):
        rows = (_of(document, one) for one in given)
        cells = ((_code(row["name"]), row["in"], _words(row["description"]), _schema(row["schema"])) for row in rows)
        parts.append(_table(("Parameter", "In", "Says", "Form"), cells))
    if body := told.get("requestBody"):
        parts.append(f"<h4>Body{'' if body['required'] else ' (optional)'}</h4>" + "".join(_contents(body, document)))
    parts.append("<h4>Answers</h4>")
    for status, answer in told["responses"].items():
        headers = ", ".join(map(_code, answer.get("headers", ())))
        parts.append(f"<h5>{status}</h5><p>{_words(answer['description'])}{headers and f'. Headers: {headers}'}</p>")
        if status < "4":
            parts.extend(_contents(answer, document))
    return "".join(parts) + "</details>"


def _contents(told: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    for media, content in told.get("content", {}).items():
        yield f"<p>{_code(media)}: {_schema(content['schema'])}</p>"
        if "example" in content:
            yield _json(content["example"])
        for name, example in content.get("examples", {}).items():
            yield f"<details><summary>{escape(name)}</summary>{_json(_of(document, example)['value'])}</details>"


def _problems() -> str:
    return _table(
        ("Status", "Type", "When"),
        (
            (str(row.status), f'<a href="{row.address}">{_code(row.type)}</a>', _words(row.when))
            for row in problems.ROWS.values()
        ),
    )


def _problem(row: problems.Problem) -> str:
    return _whole(
        row.title,
        f"<p><code>{row.status}</code> {_code(row.address)}</p>"
        f"<h2>When it comes</h2><p>{_words(row.when)}</p><h2>What to do</h2><p>{_words(row.do)}</p>"
        '<p><a href="/docs#problems">All problems</a></p>',
    )


def _whole(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="/page/docs.css">'
        '<link rel="icon" href="/page/favicon.svg"></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """Rows of HTML under a head of text."""
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    named = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    return f'<div class="wide" tabindex="0"><table><thead><tr>{named}</tr></thead><tbody>{body}</tbody></table></div>'


def _schema(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#schema-{escape(name)}">{escape(name)}</a>'
    return _code(json.dumps({word: said for word, said in schema.items() if word != "examples"}, ensure_ascii=False))


def _of(document: Mapping[str, Any], told: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference to a component stands for."""
    if "$ref" not in told:
        return told
    found: Any = document
    for step in told["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def _json(value: Any) -> str:
    return f'<pre tabindex="0">{escape(json.dumps(value, ensure_ascii=False, indent=2))}</pre>'


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _words(text: str) -> str:
    """Text whose backticks mean code."""
    return "".join(_code(part) if n % 2 else escape(part) for n, part in enumerate(text.split("`")))
