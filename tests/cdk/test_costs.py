"""The bill: every resource that costs is on it, and the page shows what the program prints."""

# What the templates hold that costs nothing by itself, by the beginning of its type.
_FREE = (
    "AWS::IAM::",
    "AWS::Events::",
    "AWS::ApiGatewayV2::",
    "AWS::Lambda::",
    "AWS::EC2::",
    "AWS::Logs::",
    "AWS::CDK::",
)
