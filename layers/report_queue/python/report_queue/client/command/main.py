"""The command's beginning and end: what was typed, and how it went.

0    done
1    a job failed or was cancelled
2    what was typed makes no sense, or a file cannot be read
3    the API refused (an answer of the 4xx kind)
4    no answer, or not ended in time
130  Ctrl-C; what was submitted goes on
"""

import os
import sys
from collections.abc import Sequence

from report_queue.client.client import Client
from report_queue.client.command import show
from report_queue.client.command.acts import Left
from report_queue.client.command.where import Usage, found
from report_queue.client.command.words import parser
from report_queue.client.errors import ClientError, Refused


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; returns the exit code."""
    typed = parser().parse_args(arguments)
    try:
        url, key = found(typed.url, typed.key_file, typed.data_dir)
        with Client(url, key, patience=typed.patience) as queue:
            return int(typed.act(typed, queue))
    except ClientError as error:
        show.error_as_json(error) if typed.json else show.error(error, places=getattr(typed, "places", ()))
        return 3 if isinstance(error, Refused) else 4
    except (Usage, ValueError, OSError) as error:
        if isinstance(error, BrokenPipeError):  # whoever read it has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        show.aside(f"error: {error}")
        return 2
    except Left as left:
        show.aside(f"\n{left}")
        return 130
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
