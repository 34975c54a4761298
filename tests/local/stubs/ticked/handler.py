import json
import time
from pathlib import Path


def handler(event, context):
    if "sleep" in event:
        Path("sleeping").touch()
        time.sleep(event["sleep"])
    with Path("got").open("a") as got:
        got.write(json.dumps(event) + "\n")
