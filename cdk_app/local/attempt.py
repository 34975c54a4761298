"""What a child may use that is started without a worker: as much as a worker's, by the settings' defaults."""

from typing import Any, Final

from report_queue.attempt import render_seconds
from report_queue.settings import Settings


def _default(setting: str) -> Any:
    return Settings.model_fields[setting].default


MEMORY_MB: Final[int] = _default("child_memory_mb")
SECONDS: Final[float] = render_seconds(_default("attempt_ms"))
