"""The topology as processes on this machine: what starts, in which order, and how it ends.

    broker (Valkey) ─┐
    aws (moto)  ─────┼─► sandboxes, a pool per function ◄── gateway (HTTP), bus and schedules (asynchronous)
                     │            │
                     └────────────┘ through their environment

Everything but the broker, moto and the sandboxes lives in this process's event loop. Leaving ends all of it in reverse.
Knows how the parts fit together; what each does stands in its own module.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from cdk_app import topology
from cdk_app.local.aws import REGION, start_aws
from cdk_app.local.broker import GRACE_S, OPERATOR, Users, start_broker
from cdk_app.local.bus import bus_app
from cdk_app.local.code import Code
from cdk_app.local.datadir import hold
from cdk_app.local.delivery import Delivery
from cdk_app.local.environment import LAYER, basic_environment, function_environment
from cdk_app.local.errors import StackError
from cdk_app.local.gateway import Gateway
from cdk_app.local.kept import Kept
from cdk_app.local.keys import local_key
from cdk_app.local.pool import Pool
from cdk_app.local.processes import Processes
from cdk_app.local.rie import emulator
from cdk_app.local.sandbox import Answer, InitError, Sandboxes
from cdk_app.local.serve import listen, serving
from cdk_app.local.timers import tick
from report_queue.settings import Settings

BUCKET, BUS, SECRET, QUEUE = "report-queue", "report-queue", "report-queue/keys", "reports"
_SINGLE = {schedule.function for schedule in topology.SCHEDULES} - {rule.function for rule in topology.RULES}
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Drawing:
    """What to run: the topology, a synthesised assembly, or a test's own."""

    functions: Sequence[topology.Function] = topology.FUNCTIONS
    routes: Sequence[topology.Route] = topology.ROUTES
    schedules: Sequence[topology.Schedule] = topology.SCHEDULES
    rules: Sequence[topology.Rule] = topology.RULES
    code: Path = _ROOT / "functions"  # one folder a function
    codes: Mapping[str, Code] = field(default_factory=dict)  # of functions whose code is elsewhere
    authorizer: str = topology.AUTHORIZER
    authorizer_cache_s: float = topology.AUTHORIZER_CACHE_S

    def only(self, name: str) -> "Drawing":
        """One function, nothing that would call it."""
        chosen = [function for function in self.functions if function.name == name]
        return replace(self, functions=chosen, routes=(), schedules=(), rules=())

    def code_of(self, name: str) -> Code:
        """Where a function's code is, and what it finds around it."""
        return self.codes.get(name) or Code(self.code / name)


@dataclass
class Stack:
    """A stack that is up."""

    key: str
    say: Callable[[str], None]
    url: str = ""  # of the gateway
    aws_url: str = ""
    bus_url: str = ""
    broker_url: str = ""
    pools: dict[str, Pool] = field(default_factory=dict)

    async def invoke(self, function: str, event: Any, *, within_s: float | None = None) -> Answer:
        """Invoke a function; raises KeyError for one that is not here, Throttled if none is free in time."""
        return await self.pools[function].invoke(event, within_s=within_s)


@asynccontextmanager
async def stack(
    *,
    data_dir: Path,
    port: int | None,
    key: str | None = None,
    workers: int = 2,
    cors_origins: Sequence[str] = (),
    drawing: Drawing,
    say: Callable[[str], None],
) -> AsyncIterator[Stack]:
    """Start everything of the drawing, yield when it is up, end everything. No port: no gateway."""
    async with AsyncExitStack() as ends:
        front = None if port is None else ends.enter_context(listen(port))
        rie = emulator()
        held = ends.enter_context(hold(data_dir))
        up = Stack(key=local_key(held.path, given=key), say=say)
        processes = Processes()
        ends.push_async_callback(processes.end_all)

        say("starting  broker (Valkey), S3, EventBridge and Secrets Manager (moto)")
        env = basic_environment()
        told = [rule.prefix for rule in drawing.rules if rule.prefix]  # S3 tells of objects under these
        by_objects = topology.WAKE_PREFIX in told
        users = Users.of(drawing.functions, queue=QUEUE)
        broker = Kept(
            lambda: start_broker(
                processes,
                folder=held.path / "broker",
                sockets=held.sockets,
                users=users,
                log=held.log("broker"),
                env=env,
            ),
            name="broker",
            processes=processes,
            say=say,
        )
        await broker.begin()
        ends.push_async_callback(broker.end, grace_s=GRACE_S)
        up.broker_url = users.url(held.sockets, OPERATOR)
        bus_front = ends.enter_context(listen(0))
        up.bus_url = f"http://127.0.0.1:{bus_front.getsockname()[1]}"
        aws_front = ends.enter_context(listen(0))
        aws = Kept(
            lambda: start_aws(
                processes,
                front=aws_front,
                data_dir=held.path,
                bucket=BUCKET,
                bus=BUS,
                secret=SECRET,
                told=f"{up.bus_url}/objects" if told else "",
                prefixes=told,
                log=held.log("aws"),
                env={**env, "PYTHONPATH": str(LAYER)},
            ),
            name="moto",
            processes=processes,
            say=say,
        )
        await aws.begin()
        ends.push_async_callback(aws.end)
        up.aws_url = f"http://127.0.0.1:{aws_front.getsockname()[1]}"
        # Functions end before what they talk to.
        ends.push_async_callback(lambda: processes.end_all(but=(broker.process, aws.process)))

        client = await ends.enter_async_context(httpx.AsyncClient(trust_env=False, limits=httpx.Limits(), timeout=60))
        delivery = Delivery(up.invoke, say=say)
        bus = bus_app(
            bus=BUS,
            rules=drawing.rules,
            aws_url=up.aws_url,
            delivery=delivery,
            invoke=up.invoke,
            client=client,
        )
        await ends.enter_async_context(serving(bus, bus_front))
        ends.push_async_callback(delivery.stop)

        settings = Settings(
            broker_url="",
            queue=QUEUE,
            bucket=BUCKET,
            wake_by="bucket" if by_objects else "bus",
            bus="" if by_objects else BUS,
            keys_secret=SECRET,
            workers=workers,
            webhook_networks="127.0.0.0/8 ::1/128",
        )
        for function in drawing.functions:
            mine = {"broker_url": users.url(held.sockets, function.name), "broker_user": function.name}
            code = drawing.code_of(function.name)
            here = function_environment(
                function, settings.model_copy(update=mine), aws_url=up.aws_url, bus_url=up.bus_url
            )
            sandboxes = Sandboxes(
                function=function,
                emulator=rie,
                folder=code.folder,
                environment=code.environment(here),
                log=held.log(function.name),
                processes=processes,
                client=client,
            )
            limit = workers if function.kind == "image" else 1 if function.name in _SINGLE else 4
            up.pools[function.name] = Pool(start=sandboxes.start, end=sandboxes.end, limit=limit)
        await _all_of(
            _answering(aws.process, up.aws_url, client, held.log("aws")),
            *(_warm(up, name, held.log(name)) for name in up.pools),
        )

        if front is not None:
            gateway = Gateway(
                routes=drawing.routes,
                authorizer=drawing.authorizer,
                cache_s=drawing.authorizer_cache_s,
                invoke=up.invoke,
                clock=time.monotonic,
                cors_origins=cors_origins,
            )
            up.url = await ends.enter_async_context(serving(gateway, front))
            held.announce(
                url=up.url, bus=up.bus_url, aws=up.aws_url, region=REGION, secret=SECRET, broker=up.broker_url
            )
        for schedule in drawing.schedules:
            task = asyncio.create_task(tick(schedule, delivery))
            ends.callback(task.cancel)
        yield up


async def _all_of(*work: Coroutine[Any, Any, None]) -> None:
    """Do all of it at once; the first failure ends the others, so that nothing is started behind our back."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _warm(up: Stack, name: str, log: Path) -> None:
    """One sandbox of a function."""
    began = time.monotonic()
    try:
        await up.pools[name].warm()
    except (InitError, httpx.HTTPError) as error:
        raise StackError(f"function {name} does not start: {error}; its log is {log}") from error
    up.say(f"started   {name} ({time.monotonic() - began:.1f} s)")


async def _answering(process: asyncio.subprocess.Process, url: str, client: httpx.AsyncClient, log: Path) -> None:
    """Wait until moto answers."""
    ended = asyncio.create_task(process.wait())
    answers = asyncio.create_task(client.get(f"{url}/moto-api/"))
    await asyncio.wait({ended, answers}, return_when=asyncio.FIRST_COMPLETED)
    if ended.done():
        answers.cancel()
        raise StackError(f"moto did not start; its log is {log}")
    ended.cancel()
