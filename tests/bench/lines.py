"""The lines of a benchmark's table: each side's figure, ours to one peer's, and the goals."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """A bound: on our figure, or on its ratio to the peer's."""

    bound: float
    at_least: bool = False
    of_ratio: bool = False

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:g}{'x' if self.of_ratio else ''}"

    def is_met(self, figure: float) -> bool:
        return figure >= self.bound if self.at_least else figure <= self.bound


@dataclass(frozen=True)
class Row:
    """A line of the table: each side's figure, or why there is none."""

    title: str
    unit: str
    figures: dict[str, float | str]
    goals: tuple[Goal, ...] = ()
    against: str = "BullMQ"
    times: bool = False  # the figures are times: the ratio says how many times as fast ours is

    @property
    def ratio(self) -> float | None:
        """Ours to the peer's."""
        ours, theirs = self.figures.get("ours"), self.figures.get(self.against)
        if not (isinstance(ours, float) and isinstance(theirs, float) and ours and theirs):
            return None
        return theirs / ours if self.times else ours / theirs


def head(sides: tuple[str, ...], ratio: str = "to BullMQ") -> str:
    return f"{'':<50}" + "".join(f"{side:>10}" for side in sides) + f"{ratio:>11}  goal"


def line(row: Row, sides: tuple[str, ...]) -> str:
    figures = "".join(f"{figure_of(row.figures.get(side, '-')):>10}" for side in sides)
    ratio = f"{row.ratio:.2f}x" if row.ratio else ""
    met = []
    for goal in row.goals:
        figure = row.ratio if goal.of_ratio else row.figures.get("ours")
        word = "not measured" if not isinstance(figure, float) else "met" if goal.is_met(figure) else "not met"
        met.append(f"{goal}: {word}")
    return f"{row.title:<43}{row.unit:>7}{figures}{ratio:>11}  {', '.join(met)}".rstrip()


def figure_of(figure: float | str) -> str:
    if isinstance(figure, str):
        return figure
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.1f}" if figure >= 10 else f"{figure:.2f}"
