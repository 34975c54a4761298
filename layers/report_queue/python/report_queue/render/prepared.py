"""What a start of the renderer finds prepared: `python -m report_queue.render.prepared`, once after installing.

Everything goes to `__pycache__`, beside Python's own bytecode, and what is missing or was made for something else is
worked out at the start, as if it had never been here. It is no part of the source.
"""

import compileall
from pathlib import Path

import report_queue
from report_queue.render import compiled, declarations, parsed


def main() -> None:
    """Prepare all that there is; what was prepared before goes."""
    olds = (declarations.FOLDER, "declarations-*"), (compiled.FOLDER, "template-*"), (parsed.FOLDER, "sheet-*")
    for folder, pattern in olds:
        for old in folder.glob(pattern):
            old.unlink()
    with declarations.parsed_before():
        from weasyprint.text.ffi import ffi  # type: ignore[import-untyped]
    declarations.write(ffi.text)
    parsed.write_own()
    _templates()
    _sheets()
    compileall.compile_dir(Path(report_queue.__file__).parent, quiet=1)


def _templates() -> None:
    from report_queue.render.templates import KIT, environment
    from report_queue.reports import report_types

    kept = compiled.Compiled(keep=True)
    for report_type in report_types().values():
        templates = environment(report_type.folder).overlay(bytecode_cache=kept)
        for name in ("template.html", *(f"_kit/{file.name}" for file in sorted(KIT.glob("*.html")))):
            templates.get_template(name)


def _sheets() -> None:
    from report_queue.render import document
    from report_queue.reports import report_types

    for report_type in report_types().values():
        for file, sheet in zip(document.sheets_of(report_type.folder), document.style(report_type.folder), strict=True):
            parsed.write(file, sheet)


if __name__ == "__main__":
    main()
