"""The network: subnets without a way out, and the two doors that the functions in them need.

    functions ──► S3            gateway endpoint, free
              ──► EventBridge   interface endpoint, to send wakes
              ──► broker        security group to security group

There is no NAT and no internet gateway. Logs, metrics and traces leave through Lambda itself and need no door.
"""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from cdk_app.environments import Environment

BROKER_PORTS = ec2.Port.tcp_range(6379, 6380)  # 6380 is the port of ElastiCache Serverless's readers


class NetworkStack(cdk.Stack):
    """What the functions with a broker stand in."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id, termination_protection=environment.protected)

        self.vpc = ec2.Vpc(
            self,
            "vpc",
            max_azs=2,  # as many as can be had without asking the account
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=20)
            ],
            gateway_endpoints={
                "s3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
            },
        )

        self.isolated = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)

        # Egress is open because there is nowhere to go: S3's prefix list has another id in each region, and naming it
        # would take a look-up.
        self.functions = ec2.SecurityGroup(self, "functions", vpc=self.vpc, description="Functions that use the broker")
        self.broker = ec2.SecurityGroup(self, "broker", vpc=self.vpc, allow_all_outbound=False, description="Broker")
        self.broker.add_ingress_rule(self.functions, BROKER_PORTS, "the functions, over TLS")

        events = ec2.SecurityGroup(
            self, "events-door", vpc=self.vpc, allow_all_outbound=False, description="EventBridge"
        )
        events.add_ingress_rule(self.functions, ec2.Port.tcp(443), "the functions send wakes")
        self.vpc.add_interface_endpoint(
            "events",
            service=ec2.InterfaceVpcEndpointAwsService.EVENTBRIDGE,
            security_groups=[events],
            open=False,
            private_dns_enabled=True,
        )
