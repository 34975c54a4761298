"""Every report type's sample and every piece of the kit looks as it did when somebody last looked at it."""

from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw

from tests.golden import pictures

SUBJECTS = pictures.subjects()


@pytest.mark.parametrize("name", SUBJECTS)
def test_it_looks_as_it_did(name: str, tmp_path: Path) -> None:
    pages, golden = pictures.drawn(SUBJECTS[name]), pictures.golden(name)
    hint = (
        f"If that is meant, run `python -m tests.golden.update {name}` and look at its images in tests/golden/images/."
    )
    assert len(pages) == len(golden), f"{name} has {len(pages)} pages, and had {len(golden)}. {hint}"
    for page, file in zip(pages, golden, strict=True):
        if told := pictures.difference(page, Image.open(file)):
            now = tmp_path / file.name
            page.save(now)
            pytest.fail(f"{file.name}: {told}. It now looks like {now}. {hint}")


def test_no_image_is_of_something_that_is_gone() -> None:
    assert {file.name.rsplit("-", 1)[0] for file in pictures.IMAGES.iterdir()} == set(SUBJECTS)


# The comparison itself.


@pytest.fixture(scope="module")
def page() -> Image.Image:
    return Image.open(pictures.golden("sales")[0]).convert("RGB")


def test_edges_that_are_a_shade_lighter_or_darker_are_tolerated(page: Image.Image) -> None:
    for level in (-12, 12):
        shaded = page.point(lambda value, level=level: max(0, min(255, value + level)))
        redrawn = Image.composite(shaded, page, pictures.edges(page))
        assert redrawn.tobytes() != page.tobytes()
        assert pictures.difference(redrawn, page) == ""


@pytest.mark.parametrize("x", [1, -1])
def test_a_page_that_moved_by_a_pixel_is_noticed(page: Image.Image, x: int) -> None:
    assert "pixels differ" in pictures.difference(ImageChops.offset(page, x, 0), page)


def test_a_pale_rule_across_the_page_is_noticed(page: Image.Image) -> None:
    ruled = page.copy()
    ImageDraw.Draw(ruled).line((45, 600, 550, 600), fill="#d5dce4")
    assert "pixels differ" in pictures.difference(ruled, page)


def test_a_pale_area_in_another_colour_is_noticed(page: Image.Image) -> None:
    striped = page.copy()
    for place in ((46, 672), (46, 709)):  # in the table's stripes, between its words
        striped.paste(Image.new("RGB", (500, 3), "#f4f7ff"), place)
    assert "in tone" in pictures.difference(striped, page)


def test_a_page_of_another_size_is_noticed(page: Image.Image) -> None:
    assert "was" in pictures.difference(page.crop((0, 0, 100, 100)), page)
