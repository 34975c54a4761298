"""The child that makes one PDF of many: reads what to do from its input, takes limits upon itself, says what it made.

    {parts: [{path, title}], manifest, output, memory_mb, cpu_seconds}  ──►  {pages, peakMemoryMb}
                                                                             or {failed: reason, message, permanent}

`python -m report_queue.merge` is started by `merging`, without any credential. Each part gets a bookmark, and the
manifest is attached. The same parts give the same bytes. What a part has beyond its pages (tags, bookmarks) is lost.
"""

import json
import resource
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pikepdf

from report_queue.render import limits

# Parts that are open at a time: pages are copied from their files when the whole is written. More are joined in groups
# first, and then the groups.
_GROUP: Final = 64


def merge(parts: Sequence[dict[str, str]], *, manifest: str, output: Path) -> int:
    """Write the whole; how many pages it has."""
    paths = [Path(part["path"]) for part in parts]
    groups = [paths[start : start + _GROUP] for start in range(0, len(paths), _GROUP)]
    joined = [output.with_suffix(f".{number}") for number in range(len(groups))]
    firsts = [0]  # the page, from 0, at which each part begins, and last the number of pages
    for group, path in zip(groups, joined, strict=True):
        for pages in _join(group, path):
            firsts.append(firsts[-1] + pages)
    with pikepdf.new() as whole, ExitStack() as opened:
        for path in joined:
            whole.pages.extend(opened.enter_context(pikepdf.open(path)).pages)
        with whole.open_outline() as outline:
            outline.root.extend(
                pikepdf.OutlineItem(part["title"], first) for part, first in zip(parts, firsts, strict=False)
            )
        whole.attachments["manifest.json"] = pikepdf.AttachedFileSpec(
            whole, manifest.encode(), filename="manifest.json", mime_type="application/json"
        )
        _save(whole, output)
    return firsts[-1]


def _join(paths: Sequence[Path], output: Path) -> list[int]:
    """Write these one after the other; how many pages each has."""
    counts = []
    with pikepdf.new() as whole, ExitStack() as opened:
        for path in paths:
            part = opened.enter_context(pikepdf.open(path))
            whole.pages.extend(part.pages)
            counts.append(len(part.pages))
        _save(whole, output)
    return counts


def _save(whole: pikepdf.Pdf, output: Path) -> None:
    whole.save(output, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def main() -> None:
    """One merge, as its input says."""
    limits.die_with_parent()
    asked: dict[str, Any] = json.load(sys.stdin)
    limits.apply(memory_mb=asked["memory_mb"], cpu_seconds=asked["cpu_seconds"])
    try:
        pages = merge(asked["parts"], manifest=asked["manifest"], output=Path(asked["output"]))
    except Exception as error:
        full = isinstance(error, MemoryError) or limits.memory_is_exhausted()
        # The error's message may hold what was in a report; its type does not.
        why = f"merging needed more than {asked['memory_mb']} MB of memory" if full else type(error).__name__
        told: dict[str, Any] = {
            "failed": "merge.out_of_memory" if full else "merge.error",
            "message": why,
            "permanent": full,
        }
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        told = {"pages": pages, "peakMemoryMb": peak}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
