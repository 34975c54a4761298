"""Reading an assembly: what cannot run here as the template says is refused, by name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdk_app.local.assembly import read_drawing
from cdk_app.local.code import Code
from cdk_app.local.errors import StackError
from cdk_app.topology import Function, May, Route, Rule, Schedule

Template = dict[str, Any]


def resource(kind: str, **properties: Any) -> Template:
    return {"Type": kind, "Properties": properties}


def template() -> Template:
    """Two functions, one behind a route, one behind a schedule and a rule."""

    def function(name: str, **more: Any) -> Template:
        return resource(
            "AWS::Lambda::Function",
            FunctionName=f"things-dev-{name}",
            MemorySize=256,
            Timeout=5,
            Handler="handler.handler",
            Code={"S3Key": f"{name}.zip"},
            Environment={"Variables": {"REPORT_QUEUE_BUCKET": {"Fn::ImportValue": "the-bucket"}, "MODE": "quick"}},
            Layers=[{"Ref": "Layer"}],
            Role={"Fn::GetAtt": [f"{name.title()}Role", "Arn"]},
            **more,
        )

    def role(*granted: tuple[str, Any]) -> Template:
        statements = [{"Action": action, "Resource": arn} for action, arn in granted]
        return resource("AWS::IAM::Role", Policies=[{"PolicyDocument": {"Statement": statements}}])

    bucket = {"Fn::ImportValue": "the-bucket"}
    objects = [{"Fn::Join": ["", [bucket, f"/{prefix}/*"]]} for prefix in ("open", "wakes")]
    return {
        "DoorRole": role(("secretsmanager:GetSecretValue", bucket)),
        "EchoRole": role(("s3:GetObject", objects[0]), ("s3:PutObject", objects), ("logs:PutLogEvents", "x")),
        "Door": function("door"),
        "Echo": function("echo", VpcConfig={}),
        "Layer": resource("AWS::Lambda::LayerVersion", Content={"S3Key": "layer.zip"}),
        "Ask": resource(
            "AWS::ApiGatewayV2::Authorizer",
            AuthorizerUri={"Fn::Join": ["", ["arn:", {"Fn::GetAtt": ["Door", "Arn"]}, "/invocations"]]},
            AuthorizerResultTtlInSeconds=60,
        ),
        "Integration": resource("AWS::ApiGatewayV2::Integration", IntegrationUri={"Fn::GetAtt": ["Echo", "Arn"]}),
        "Route": resource(
            "AWS::ApiGatewayV2::Route",
            RouteKey="GET /things/{id}",
            Target={"Fn::Join": ["", ["integrations/", {"Ref": "Integration"}]]},
            AuthorizationType="CUSTOM",
            AuthorizerId={"Ref": "Ask"},
        ),
        "Open": resource(
            "AWS::ApiGatewayV2::Route",
            RouteKey="GET /health",
            Target={"Fn::Sub": "integrations/${Integration}"},
        ),
        "Tick": resource(
            "AWS::Events::Rule",
            ScheduleExpression="rate(5 minutes)",
            Targets=[{"Arn": {"Fn::GetAtt": ["Echo", "Arn"]}}],
        ),
        "Wake": resource(
            "AWS::Events::Rule",
            EventPattern={"source": ["things"], "detail-type": ["wake"]},
            Targets=[
                {
                    "Arn": {"Fn::GetAtt": ["Echo", "Arn"]},
                    "RetryPolicy": {"MaximumEventAgeInSeconds": 90, "MaximumRetryAttempts": 0},
                }
            ],
        ),
        "Late": resource(
            "AWS::Lambda::EventInvokeConfig",
            FunctionName={"Ref": "Echo"},
            MaximumEventAgeInSeconds=60,
            MaximumRetryAttempts=1,
        ),
    }


@pytest.fixture
def assembly(tmp_path: Path) -> Callable[..., Path]:
    """Writes an assembly of two stacks with these resources in the second one."""

    def write(resources: Template) -> Path:
        names = ("door", "echo", "layer")
        for name in names:
            folder = tmp_path / f"asset.{name}" / ("python/package" if name == "layer" else "")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "handler.py").write_text("")
        files = {
            name: {"source": {"path": f"asset.{name}"}, "destinations": {"here": {"objectKey": f"{name}.zip"}}}
            for name in names
        }
        data = {
            "Resources": {"Bucket": resource("AWS::S3::Bucket"), "Table": resource("AWS::DynamoDB::Table")},
            "Outputs": {
                "B": {"Value": {"Ref": "Bucket"}, "Export": {"Name": "the-bucket"}},
                "T": {"Value": {"Fn::GetAtt": ["Table", "Arn"]}, "Export": {"Name": "the-table"}},
            },
        }
        contents = {"data.json": data, "app.json": {"Resources": resources}, "assets.json": {"files": files}}
        for name, content in contents.items():
            (tmp_path / name).write_text(json.dumps(content))
        stack = "aws:cloudformation:stack"
        artifacts = {
            "things-dev-data": {"type": stack, "properties": {"templateFile": "data.json"}},
            "things-dev-app": {"type": stack, "properties": {"templateFile": "app.json"}},
            "things-dev-app.assets": {"type": "cdk:asset-manifest", "properties": {"file": "assets.json"}},
        }
        (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
        return tmp_path

    return write


def test_functions_routes_schedules_and_rules_are_read_from_the_templates(assembly: Callable[..., Path]) -> None:
    drawing = read_drawing(assembly(template()))
    assert drawing.functions == [
        Function("door", memory_mb=256, timeout_s=5, may=May(keys=True)),
        Function("echo", 256, 5, may=May(broker=True, read=("open/",), write=("open/",), wake=True)),
    ]
    assert drawing.routes == [Route("GET", "/things/{id}", "echo"), Route("GET", "/health", "echo", public=True)]
    assert (drawing.authorizer, drawing.authorizer_cache_s) == ("door", 60)
    assert drawing.schedules == [Schedule("echo", every_minutes=5)]
    assert drawing.rules == [Rule("Wake", "things", "wake", "echo", retries=1, max_age_s=60)]


def test_code_is_the_asset_and_an_address_from_another_stack_is_left_to_this_machine(
    assembly: Callable[..., Path],
) -> None:
    folder = assembly(template())
    code = read_drawing(folder).code_of("echo")
    variables = {"REPORT_QUEUE_BUCKET": None, "MODE": "quick"}
    assert code == Code(folder / "asset.echo", (folder / "asset.layer/python",), variables)
    here = {"PATH": "/bin", "REPORT_QUEUE_BUCKET": "here", "REPORT_QUEUE_BUS": "here", "MODE": "slow"}
    given = code.environment(here)
    assert (given["REPORT_QUEUE_BUCKET"], given["MODE"], given["PATH"]) == ("here", "quick", "/bin")
    assert "REPORT_QUEUE_BUS" not in given  # a variable that the template forgot is not there in AWS either


def test_a_layer_of_packages_for_another_machine_is_left_to_the_virtual_environment(
    assembly: Callable[..., Path],
) -> None:
    folder = assembly(template())
    (folder / "asset.layer/python/package-1.dist-info").mkdir()
    assert read_drawing(folder).code_of("echo").packages == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("Echo", "Handler", "other.handler"), "function echo is to run other.handler"),
        (("Echo", "FunctionName", "nobody"), "function Echo is not named things-dev-"),
        (("Echo", "Code", {"S3Key": "lost.zip"}), r"no asset lost\.zip"),
        (("Echo", "Environment", {"Variables": {"X": {"Fn::ImportValue": "gone"}}}), "imports gone, which no stack"),
        (
            ("Echo", "Environment", {"Variables": {"X": {"Fn::ImportValue": "the-table"}}}),
            "variable X of function echo refers to AWS::DynamoDB::Table; nothing stands in",
        ),
        (
            ("Echo", "Environment", {"Variables": {"REPORT_QUEUE_BUCKET": {"Fn::ImportValue": "the-table"}}}),
            "it must refer to AWS::S3::Bucket",
        ),
        (
            ("Echo", "Environment", {"Variables": {"REPORT_QUEUE_BUCKET": {"Ref": "AWS::Region"}}}),
            "refers to nothing of these stacks",
        ),
        (
            ("EchoRole", "Policies", [{"PolicyDocument": {"Statement": [{"Action": "s3:*", "Resource": "*"}]}}]),
            r"function echo may s3:\*, unknown here",
        ),
        (("Integration", "IntegrationUri", {"Ref": "Layer"}), "must refer to one AWS::Lambda::Function, not 0"),
        (("Tick", "ScheduleExpression", "cron(0 8 * * ? *)"), "have a rate in minutes, and one is cron"),
        (("Wake", "State", "DISABLED"), "rule Wake is DISABLED"),
        (("Wake", "EventPattern", {"source": ["things"]}), "rule Wake matches by"),
        (
            ("Wake", "EventPattern", {"source": ["a"], "detail-type": ["b"], "detail": {"size": [1]}}),
            "rule Wake matches by",
        ),
    ],
)
def test_what_cannot_run_here_is_refused_by_name(
    assembly: Callable[..., Path], change: tuple[str, str, Any], words: str
) -> None:
    resources = template()
    name, field, value = change
    resources[name]["Properties"][field] = value
    with pytest.raises(StackError, match=words):
        read_drawing(assembly(resources))


def test_a_folder_without_an_assembly_is_refused_with_those_that_are_below(
    assembly: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(StackError, match="holds no assembly; `make synth` makes them"):
        read_drawing(tmp_path / "nowhere")
    folder = assembly(template())
    with pytest.raises(StackError, match=f"name one of: {folder}"):
        read_drawing(folder.parent)
