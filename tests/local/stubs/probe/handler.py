import os
import subprocess
import time


def handler(event, context):
    if event.get("do") == "sleep":
        time.sleep(event["seconds"])
    if event.get("do") == "die":
        os._exit(3)
    if event.get("do") == "raise":
        raise ValueError("on purpose")
    if event.get("do") == "spawn":
        return {"child": subprocess.Popen(["sleep", "300"], start_new_session=True).pid}
    return {
        "pid": os.getpid(),
        "environment": dict(os.environ),
        "memory": context.memory_limit_in_mb,
        "left": context.get_remaining_time_in_millis(),
    }
