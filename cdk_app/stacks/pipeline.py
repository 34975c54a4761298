"""The role that a workflow deploys with: who may take it, and the little that it may do.

    job of one repository, in one environment ──OIDC──► this role ──► the CDK's bootstrap roles ──► CloudFormation

It may do nothing itself but become one of the roles that `cdk bootstrap` has made, which are the CDK's own. The
provider that it trusts exists once in an account, so it is not this stack's. Only `-c repository=owner/name` adds it.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_app.environments import Environment

ISSUER = "token.actions.githubusercontent.com"
_BOOTSTRAPPED = ("deploy", "file-publishing", "image-publishing", "lookup")  # not cfn-exec: CloudFormation's alone


class PipelineStack(cdk.Stack):
    """One environment's deploy role."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment, repository: str) -> None:
        super().__init__(scope, construct_id, termination_protection=environment.protected)
        provider = self.format_arn(service="iam", region="", resource="oidc-provider", resource_name=ISSUER)
        role = iam.Role(
            self,
            "deploy",
            role_name=f"{environment.prefix}-deploy",
            description=f"Deploys {environment.prefix} from GitHub's {repository}",
            max_session_duration=cdk.Duration.hours(1),
            assumed_by=iam.FederatedPrincipal(
                provider,
                {
                    "StringEquals": {
                        f"{ISSUER}:aud": "sts.amazonaws.com",
                        # A job has this subject only within the environment, so that the environment's reviewers and
                        # branches decide who deploys.
                        f"{ISSUER}:sub": f"repo:{repository}:environment:{environment.name}",
                    }
                },
                "sts:AssumeRoleWithWebIdentity",
            ),
            inline_policies={
                "deploy": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(
                            actions=["sts:AssumeRole"], resources=[self._bootstrapped(kind) for kind in _BOOTSTRAPPED]
                        )
                    ]
                )
            },
        )
        cdk.CfnOutput(self, "DeployRole", value=role.role_arn)

    def _bootstrapped(self, kind: str) -> str:
        qualifier = cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER
        name = f"cdk-{qualifier}-{kind}-role-{self.account}-{self.region}"
        return self.format_arn(service="iam", region="", resource="role", resource_name=name)
