import json
from pathlib import Path


def handler(event, context):
    with Path("got").open("a") as got:
        got.write(json.dumps(event) + "\n")
