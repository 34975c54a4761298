"""`python -m report_queue.client` is the `report-queue` command."""

import sys

from report_queue.client.command.main import main

if __name__ == "__main__":
    sys.exit(main())
