from pathlib import Path


def handler(event, context):
    token = event["identitySource"][0]
    with Path("asked").open("a") as asked:
        asked.write(token + "\n")
    return {"isAuthorized": token.startswith("Bearer good"), "context": {"tenant": token.rpartition("-")[2]}}
