"""What a profile brings: the broker that ElastiCache runs, and how a worker is woken.

    lite      serverless · pays by use                    · wakes go through the bucket, so no endpoint is paid for
    standard  two small nodes in two zones                · a node's loss costs seconds, and at most the last writes
    durable   two nodes in two zones, each write logged   · no acknowledged write is lost

It knows ElastiCache's own rules, and neither CDK nor any environment.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

Profile = Literal["lite", "standard", "durable"]


@dataclass(frozen=True)
class Broker:
    """A Valkey on ElastiCache: with TLS and IAM authentication in every profile."""

    engine: str  # the version; serverless takes only the major one
    cluster: bool  # speaks the cluster protocol
    node: str | None = None  # its type; None: serverless
    durable: bool = False  # an answered write is in the log of two zones
    wake_by: Literal["bus", "bucket"] = "bus"

    @property
    def serverless(self) -> bool:
        """Without nodes: it grows by itself, and its eviction policy is fixed."""
        return self.node is None

    @property
    def family(self) -> str:
        """Of its parameter group."""
        return f"valkey{self.engine.partition('.')[0]}"

    def on(self, node: str | None) -> "Broker":
        """The same, on nodes of that type where it has nodes at all."""
        return replace(self, node=node) if node and not self.serverless else self

    def fault(self) -> str | None:
        """Why ElastiCache would refuse it, if so."""
        if self.durable and self.node and self.node.split(".")[1] not in _DURABLE_NODES:
            return f"{self.node} cannot be durable; take one of {', '.join(sorted(_DURABLE_NODES))}"
        return None


_DURABLE_NODES: Final = {"r6g", "r7g", "r8g", "m6g", "m7g", "m8g", "c7gn", "c8gn"}

BROKERS: Final[dict[Profile, Broker]] = {
    "lite": Broker(engine="8", cluster=True, wake_by="bucket"),
    # Cluster mode is off: all keys of a queue carry one hash tag, so a second shard would stay empty, and the plain
    # protocol lets a call go past redis-py's cluster client, which costs more than a script. The primary's name moves
    # with a failover.
    "standard": Broker(engine="9.0", cluster=False, node="cache.t4g.small"),
    # Durability is to be had in cluster mode only; one shard, for the same reason.
    "durable": Broker(engine="9.0", cluster=True, node="cache.m7g.large", durable=True),
}
