"""The report queue's domain: a request comes in, a PDF goes out, nothing is lost in between.

Read in the order of a job's life: `job`, `request`, `errors`, `queue` and `lua/`, `ledger`, `reports/`, `render`,
`worker`, `wake`; then `api`, `keys`, `settings` and `wiring`, which join it to the world.
"""

from typing import Final

VERSION: Final = "0.1.0"
