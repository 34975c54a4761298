"""Templates that ask for more than there is: each ends in its time and memory, and its neighbours never notice.

The limits are small here: seconds and megabytes as a benign report needs them. What comes of a bomb is a reason or a
PDF, by the bomb; that the same comes of it on every machine is not promised, but that something does.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from attack_words import Ended, Lab, asked_about
from denial_bombs import BOMBS, IMAGES

from report_queue.errors import AttemptFailure, PermanentFailure, TransientFailure
from report_queue.render import images, renderer

SECONDS = 2.5
MEMORY_MB = 300
NAMES = sorted(BOMBS | IMAGES)
REASONS = (
    "made",
    "asset.blocked",
    "asset.broken",
    "asset.too_large",
    "template.error",
    "template.too_large",
    "render.timeout",
    "render.out_of_memory",
    "render.too_deep",
    "render.error",
    "render.too_large",
    "render.crashed:SIGABRT",
    "render.crashed:SIGSEGV",
    "render.crashed:SIGTRAP",
)
# Where only one thing may come of it: refused before it costs anything.
SURE = {
    "a picture of 900 megapixels": "asset.too_large",
    "a GIF of a wide screen": "asset.too_large",
    "many pictures": "asset.too_large",
    "entities in a drawing": "asset.blocked",
    "endless loop": "template.too_large",
    "endless recursion": "render.too_deep",
}


@pytest.fixture(scope="module")
def ends(lab: Lab, request: pytest.FixtureRequest) -> dict[str, tuple[Ended, Ended]]:
    """What came of every bomb that is asked about in this run, two at a time, and of a healthy report beside it."""
    asked = asked_about(request)
    names = [name for name in NAMES if name in asked]
    pid = lab.renderer.pid

    def both(name: str) -> tuple[Ended, Ended]:
        template = BOMBS[name] if name in BOMBS else IMAGES[name]()
        with ThreadPoolExecutor(1) as beside:
            neighbour = beside.submit(lab.healthy)
            seconds = 60 if name in SURE else SECONDS
            return lab.attempt(template, seconds=seconds, memory_mb=MEMORY_MB), neighbour.result()

    with ThreadPoolExecutor(2) as pool:
        ended = dict(zip(names, pool.map(both, names), strict=True))
    assert lab.renderer.pid == pid
    return ended


@pytest.mark.parametrize("name", NAMES)
def test_a_bomb_ends_and_its_neighbour_never_notices(name: str, ends: dict[str, tuple[Ended, Ended]]) -> None:
    bomb, neighbour = ends[name]
    assert bomb.outcome in REASONS, bomb.message
    assert bomb.outcome == SURE.get(name, bomb.outcome), bomb.message
    assert neighbour.outcome == "made", neighbour.message


@pytest.mark.parametrize(
    ("name", "template"),
    [
        ("large.png", '<img src="large.png" alt="x">'),
        ("large.css", '<link rel="stylesheet" href="large.css">'),
        ("large.ttf", "<style>@font-face { font-family: X; src: url(large.ttf) }</style>"),
    ],
)
def test_a_file_that_is_too_large_is_not_even_read(name: str, template: str, lab: Lab) -> None:
    with (lab.folder / name).open("wb") as file:
        file.truncate(images.MAX_BYTES + 1)
    assert lab.attempt(template).outcome == "asset.too_large"


def test_a_child_that_computes_all_its_time_is_not_tried_again(lab: Lab) -> None:
    job = {"template": "silent.html", "value": ""}
    (lab.folder / "silent.html").write_text(BOMBS["silent loop"], "utf-8")
    ended = lab.render("attack", job, seconds=60, cpu_seconds=1)
    assert (ended.outcome, ended.permanent) == ("render.timeout", True)


@pytest.mark.parametrize(("cpu_seconds", "kind"), [(9.7, PermanentFailure), (7.4, TransientFailure)])
def test_only_a_child_that_was_kept_waiting_is_tried_again(cpu_seconds: float, kind: type[AttemptFailure]) -> None:
    assert type(renderer._too_long(10, {"cpu_seconds": cpu_seconds})) is kind
    assert type(renderer._too_long(10, None)) is TransientFailure  # the renderer itself is stuck


def test_the_renderer_lives_on(lab: Lab, ends: dict[str, tuple[Ended, Ended]]) -> None:
    pid = lab.renderer.pid
    assert lab.healthy().outcome == "made"
    assert lab.renderer.pid == pid
