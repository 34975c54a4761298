"""The network: subnets without a way out, and the doors that the functions in them need.

    functions ──► S3            gateway endpoint, free; to this account's ledger and no other bucket
              ──► EventBridge   interface endpoint, to send wakes; only where wakes go by a bus
              ──► broker        security group to security group

There is no NAT and no internet gateway. Logs, metrics and traces leave through Lambda itself and need no door, and so
do the functions' code and image on their way in.
"""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_app.environments import Environment
from cdk_app.stacks.acknowledged import acknowledge
from cdk_app.stacks.permissions import LEDGER_ACTIONS

BROKER_PORTS = ec2.Port.tcp(6379)
SERVERLESS_PORTS = ec2.Port.tcp_range(6379, 6380)  # 6380 is the port of ElastiCache Serverless's readers


class NetworkStack(cdk.Stack):
    """What the functions with a broker stand in."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id, termination_protection=environment.protected)

        self.vpc = ec2.Vpc(
            self,
            "vpc",
            max_azs=2,  # as many as can be had without asking the account
            nat_gateways=0,
            restrict_default_security_group=False,  # it would take a function of CDK's own; nothing is in that group
            subnet_configuration=[
                ec2.SubnetConfiguration(name="isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=20)
            ],
        )
        acknowledge(
            self.vpc,
            {
                "AwsSolutions-VPC7": "No route leads out of these subnets and the endpoints name whom they let through;"
                " flow logs would be paid for by the byte, on every report's way to S3."
            },
        )
        self.isolated = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)

        self.functions = ec2.SecurityGroup(
            self, "functions", vpc=self.vpc, allow_all_outbound=False, description="Functions that use the broker"
        )
        self.broker = ec2.SecurityGroup(self, "broker", vpc=self.vpc, allow_all_outbound=False, description="Broker")
        ports = SERVERLESS_PORTS if environment.broker.serverless else BROKER_PORTS
        self.broker.add_ingress_rule(self.functions, ports, "the functions, over TLS")
        self.functions.add_egress_rule(self.broker, ports, "the broker, over TLS")

        self._door_to_the_ledger(environment)
        if environment.broker.wake_by == "bus":
            self._door_to_the_bus(environment)

    def _door_to_the_ledger(self, environment: Environment) -> None:
        # S3's addresses are a prefix list with another id in each region, and naming it would take a look-up. Where
        # the address is not S3's, no route leads there.
        self.functions.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "S3, by the gateway endpoint")
        door = self.vpc.add_gateway_endpoint("s3", service=ec2.GatewayVpcEndpointAwsService.S3)
        # CloudFormation makes the bucket's name, and begins it with its stack's.
        ledger = f"arn:{cdk.Aws.PARTITION}:s3:::{environment.prefix}-data-*"
        door.add_to_policy(
            iam.PolicyStatement(
                sid="OurLedger",
                principals=[iam.AnyPrincipal()],
                actions=list(LEDGER_ACTIONS),
                resources=[ledger, f"{ledger}/*"],
                conditions={
                    "StringEquals": {
                        "aws:PrincipalAccount": cdk.Aws.ACCOUNT_ID,
                        "aws:ResourceAccount": cdk.Aws.ACCOUNT_ID,
                    }
                },
            )
        )

    def _door_to_the_bus(self, environment: Environment) -> None:
        group = ec2.SecurityGroup(
            self, "events-door", vpc=self.vpc, allow_all_outbound=False, description="EventBridge"
        )
        group.add_ingress_rule(self.functions, ec2.Port.tcp(443), "the functions send wakes")
        self.functions.add_egress_rule(group, ec2.Port.tcp(443), "wakes")
        door = self.vpc.add_interface_endpoint(
            "events",
            service=ec2.InterfaceVpcEndpointAwsService.EVENTBRIDGE,
            security_groups=[group],
            open=False,
            private_dns_enabled=True,
        )
        door.add_to_policy(
            iam.PolicyStatement(
                sid="OurBus",
                principals=[iam.AnyPrincipal()],
                actions=["events:PutEvents"],
                resources=[
                    self.format_arn(service="events", resource="event-bus", resource_name=environment.prefix),
                ],
                conditions={"StringEquals": {"aws:PrincipalAccount": cdk.Aws.ACCOUNT_ID}},
            )
        )
