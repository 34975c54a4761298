import json


def handler(event, context):
    if event["rawPath"] == "/raise":
        raise ValueError("on purpose")
    if event["rawPath"] == "/binary":
        return {"statusCode": 201, "body": "AAH/", "isBase64Encoded": True, "cookies": ["a=1", "b=2"]}
    if event["rawPath"] == "/unchanged":
        return {"statusCode": 304, "body": "H4sI", "isBase64Encoded": True}
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(event)}
