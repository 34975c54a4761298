"""Look at a report while writing it: `python -m cdk_app.local preview TYPE` makes out/preview/TYPE.pdf and PNGs of it.

    data ── schema ──► renderer ── fork ──► child ──► PDF ── pdftoppm ──► PNG a page
      ▲                   │
      └── watch ◄─────────┴── the type's folder, the kit, the renderer's own code

It takes the way that a job takes, without a queue or a store. A renderer keeps templates and styles for as long as it
lives: whenever one of them has changed, a new renderer is started.
"""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from cdk_app.local.errors import StackError
from report_queue.data_ref import ENDINGS, KINDS, MEMBER, RowsFile
from report_queue.errors import AttemptFailure, MalformedRequest
from report_queue.render import Renderer, RenderJob
from report_queue.reports import FOLDER, ReportType, report_types
from report_queue.result import Made
from report_queue.strict_json import parse
from report_queue.validation import MAX_FAULTS, faults

_CREATED_AT: Final = 1_767_605_412_000  # always the same, so that the same data give the same bytes
_DPI: Final = 96
_AROUND: Final = 2  # lines of a template that are shown on each side of the one at fault
_CODE: Final = FOLDER.parent / "render"
_NO_PNG: Final = "no PNG: for these run  sudo apt-get install -y --no-install-recommends poppler-utils"


@dataclass(frozen=True)
class Wish:
    """What to look at: a report type, the data (None: its sample), and where the files go.

    `rows` is a file of JSON lines or CSV that has the data's rows.
    """

    report_type: str
    data: Path | None
    out: Path
    rows: Path | None = None

    @property
    def pdf(self) -> Path:
        return self.out / f"{self.report_type}.pdf"


def preview(wish: Wish, *, watch: bool) -> int:
    """Make the files and print what they are; with `watch`, again after each change, until Ctrl-C.

    Returns the exit code: 0, 1 where there is no report. Raises StackError for a type or file that does not exist.
    """
    _kind(wish.report_type)
    if wish.data and not wish.data.is_file():
        raise StackError(f"there is no file {wish.data}: name one that holds the report's data as JSON")
    if wish.rows and not (wish.rows.is_file() and wish.rows.suffix in ENDINGS):
        raise StackError(f"{wish.rows} is no file of rows: name one that ends in {', '.join(KINDS)}")
    renderer = _renderer(once=not watch)
    try:
        changes = _changes(wish) if watch else iter(())
        next(changes, None)  # watched from here on: what changes during the first rendering is not missed
        made = _made(wish, renderer, began=time.monotonic())
        if not watch:
            return 0 if made else 1
        _say("watching; Ctrl-C ends it")
        for changed in changes:
            began = time.monotonic()
            if not changed <= {wish.data, wish.rows}:
                renderer.close()
                renderer = _renderer(once=False)
            _made(wish, renderer, began=began)
    except KeyboardInterrupt:
        pass
    finally:
        renderer.close()
    return 0


def _made(wish: Wish, renderer: Renderer, *, began: float) -> bool:
    """Render once and tell; False where something is wrong, which is told too."""
    try:
        kind = _kind(wish.report_type)
        data = parse(wish.data.read_bytes()) if wish.data else kind.sample
        envelope = {"reportType": kind.name, "data": data}
        if wish.rows and isinstance(data, dict):
            envelope["data"] = data = {name: value for name, value in data.items() if name != MEMBER}
            envelope["dataRef"] = {"key": f"inputs/preview/rows{wish.rows.suffix}"}
        wrong = list(faults(envelope, {kind.name: kind}))
    except (OSError, ValueError, MalformedRequest, StackError) as error:
        return _wrong(f"{wish.data or wish.report_type}: {error}")
    if wrong:
        # The pointers are into a request's body; here the data stand alone.
        lines = [f"  {fault.pointer.removeprefix('/data') or '(the whole)'}  {fault.message}" for fault in wrong]
        more = [f"  … and {len(lines) - MAX_FAULTS} more"] if len(lines) > MAX_FAULTS else []
        source = wish.data or kind.folder / "sample.json"
        return _wrong(f"{source} does not fit the schema of {kind.name}:", *lines[:MAX_FAULTS], *more)
    try:
        made = _rendered(wish, data, renderer)
    except AttemptFailure as error:
        return _wrong(str(error), *(_excerpt(*error.place) if error.place else ()))
    drawn = time.monotonic()
    pages = "1 page" if made.pages == 1 else f"{made.pages} pages"
    _say(
        f"{wish.pdf}  {pages}, {made.size:,} bytes, rendered in {made.seconds:.2f} s, there after {drawn - began:.2f} s"
    )
    for finding in made.findings:
        _say(f"finding   {finding.code}{f', page {finding.page}' if finding.page else ''}: {finding.message}")
    pictures = _pictures(wish, pages=made.pages)
    _say(f"{' '.join(map(str, pictures))}  {time.monotonic() - drawn:.2f} s" if pictures else _NO_PNG)
    return True


def _kind(name: str) -> ReportType:
    """The type as its files are now. Raises StackError that names those that exist."""
    report_types.cache_clear()
    try:
        types = report_types()
    except (OSError, ValueError) as error:
        raise StackError(f"a report type cannot be read: {error}") from None
    if name not in types:
        known = ", ".join(types)
        raise StackError(f"there is no report type {name}: take one of {known}" if name else f"name one of {known}")
    return types[name]


def _renderer(*, once: bool) -> Renderer:
    """One that Ctrl-C does not reach: the terminal sends it to all, and we end the renderer in order.

    Blocked here, which the renderer inherits, and not ignored: one that comes meanwhile is ours when it has started.
    """
    ours = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return Renderer(once=once)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, ours)


def _rendered(wish: Wish, data: Any, renderer: Renderer) -> Made:
    # Slow to load: by now the renderer is starting, which takes longer.
    from cdk_app.local.attempt import MEMORY_MB, SECONDS

    wish.out.mkdir(parents=True, exist_ok=True)
    fresh = wish.pdf.with_suffix(".part")
    job = RenderJob("preview", wish.report_type, data, _CREATED_AT, memory_mb=MEMORY_MB, cpu_seconds=int(SECONDS))
    with fresh.open("w+b") as output, ExitStack() as files:
        rows = None
        if wish.rows:
            rows = files.enter_context(wish.rows.open("rb"))
            job = replace(job, rows=RowsFile(MEMBER, KINDS[wish.rows.suffix.removeprefix(".")], sys.maxsize))
        made = renderer.start(job, output, rows).wait(seconds=SECONDS, progress=lambda _: None)
    fresh.replace(wish.pdf)  # whoever has the PDF open sees the old one or the new one, and no half of either
    return made


def _pictures(wish: Wish, *, pages: int) -> list[Path]:
    """A PNG per page, made anew; none where pdftoppm is missing. Odd and even pages at the same time."""
    pattern = f"{wish.report_type}-page-*.png"
    for old in wish.out.glob(pattern):
        old.unlink()
    if not shutil.which("pdftoppm"):
        return []
    stem = wish.out / f"{wish.report_type}-page"
    command = ("pdftoppm", "-png", "-r", str(_DPI))
    halves = [subprocess.Popen([*command, which, str(wish.pdf), str(stem)]) for which in ("-o", "-e")[:pages]]
    for half in halves:
        if code := half.wait():
            raise subprocess.CalledProcessError(code, half.args)
    return sorted(wish.out.glob(pattern))


def _excerpt(file: str, line: int) -> Iterable[str]:
    """The template around the line at fault, as `>   27 | <td>…`."""
    try:
        text = Path(file).read_text("utf-8").splitlines()
    except OSError:
        return
    yield f"  {file}"
    for number in range(max(1, line - _AROUND), min(len(text), line + _AROUND) + 1):
        yield f"{'>' if number == line else ' '} {number:>4} | {text[number - 1]}"


def _changes(wish: Wish) -> Iterator[set[Path | None]]:
    """The files that changed, each time that some did, after an empty set as soon as they are watched."""
    from watchfiles import watch  # needed here alone, and slow to load

    own = [FOLDER / wish.report_type, FOLDER / "_kit", _CODE]
    folders = [folder for one in own for folder in (one, *one.rglob("*/")) if folder.is_dir()]
    # Of the data its folder is watched: an editor writes a new file and puts it in the old one's place.
    given: dict[Path, Path] = {file.resolve(): file for file in (wish.data, wish.rows) if file}
    folders += {file.parent for file in given}
    watching = watch(*folders, recursive=False, debounce=100, step=20, rust_timeout=100, yield_on_timeout=True)
    next(watching)
    yield set()
    for changes in watching:
        files = {Path(name).resolve() for _, name in changes}
        changed: set[Path | None] = {file for file in files if any(file.is_relative_to(folder) for folder in own)}
        changed |= {file for resolved, file in given.items() if resolved in files}
        if changed:
            yield changed


def _wrong(*lines: str) -> bool:
    print("error: " + "\n".join(lines), file=sys.stderr, flush=True)
    return False


def _say(line: str) -> None:
    print(line, flush=True)
