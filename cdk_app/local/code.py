"""Where a function's code lies on this machine, and what it finds in its environment.

Either the sources of this repository, or the assets of a synthesised assembly with the variables of its template.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cdk_app.local.environment import LAYER
from cdk_app.local.runtime import FOLDER

# How the broker here is reached, that receivers may be here, and that there is no X-Ray: what a template says of them
# holds in AWS only.
HERE_ONLY: Final = frozenset(
    {
        "POWERTOOLS_TRACE_DISABLED",
        "REPORT_QUEUE_BROKER_AUTH",
        "REPORT_QUEUE_BROKER_CLUSTER",
        "REPORT_QUEUE_BROKER_NAME",
        "REPORT_QUEUE_BROKER_SERVERLESS",
        "REPORT_QUEUE_BROKER_URL",
        "REPORT_QUEUE_BROKER_USER",
        "REPORT_QUEUE_WEBHOOK_NETWORKS",
    }
)
_OURS: Final = ("REPORT_QUEUE_", "POWERTOOLS_")


@dataclass(frozen=True)
class Code:
    """The code of one function. `variables`: those of its template, an address as None; no mapping: as here."""

    folder: Path  # of handler.py
    packages: tuple[Path, ...] = (LAYER,)  # folders of the module path
    variables: Mapping[str, str | None] | None = None

    def environment(self, here: Mapping[str, str]) -> dict[str, str]:
        """What the function gets: the template's variables, exactly those, with this machine's addresses in them.

        `here` is what this machine gives.
        """
        if self.variables is None:
            return dict(here)
        around = {name: value for name, value in here.items() if not name.startswith(_OURS)}
        given = {
            name: here.get(name, "") if value is None or name in HERE_ONLY else value
            for name, value in self.variables.items()
        }
        return {
            **around,
            **given,
            "PYTHONPATH": os.pathsep.join(map(str, (*self.packages, FOLDER))),
            "PYTHONDONTWRITEBYTECODE": "1",  # an assembly is uploaded as it lies there
        }
