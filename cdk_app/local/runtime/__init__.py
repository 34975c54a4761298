"""What runs inside a sandbox beside the function; the folder is on the sandbox's module path."""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
HANDLER: Final = "warmed.handler"
WARM_UP: Final = {"report-queue-local": "warm-up"}  # the same as in `warmed`, which must not import from here
