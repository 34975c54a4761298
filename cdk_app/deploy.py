"""What `make synth`, `diff`, `deploy`, `destroy` and `pipeline` do: `python -m cdk_app.deploy …`.

    environment and profile ─► cdk.out/<environment>-<profile>/   the assembly
                                cdk.out/<environment>.outputs.json what the deployment answered: Url, KeysSecret, …

The work is the CDK's command line's. Here stands what it needs beforehand, said in words where it is missing, and what
must not happen by mistake.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from cdk_app.profiles import Profile
from cdk_app.toolchain import CLI, Missing, cdk, environment

ROOT: Final = Path(__file__).parent.parent
OUT: Final = Path("cdk.out")
PROFILES: Final[tuple[str, ...]] = get_args(Profile)
ENGINES: Final = ("docker", "finch", "podman", "buildah")
_ALWAYS: Final = ("--no-lookups", "--no-notices")
_EMULATION: Final = Path("/proc/sys/fs/binfmt_misc/qemu-aarch64")


@dataclass(frozen=True)
class Target:
    """One environment with one profile."""

    name: str  # of the environment
    profile: str
    protected: bool

    @property
    def prefix(self) -> str:
        """Begins the name of each of its stacks."""
        return f"report-queue-{self.name}"

    @property
    def folder(self) -> Path:
        """Of its assembly."""
        return OUT / f"{self.name}-{self.profile}"

    @property
    def outputs(self) -> Path:
        """What its deployment answers with."""
        return OUT / f"{self.name}.outputs.json"

    def words(self) -> list[str]:
        """The options of the CDK's command line that mean this target."""
        context = (f"environment={self.name}", f"profile={self.profile}")
        return [*_ALWAYS, "--output", str(self.folder), *(word for one in context for word in ("--context", one))]


def environments() -> dict[str, dict[str, Any]]:
    """What `cdk.json` says of each."""
    said: dict[str, dict[str, Any]] = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]["environments"]
    return said


def target(name: str, profile: str | None) -> Target:
    """The environment of that name, with its own profile if none is given; raises Missing where there is none."""
    there = environments()
    if name not in there:
        raise Missing(f"which environment? Name one of cdk.json's, as ENV={' or ENV='.join(there)}")
    return Target(name, profile or there[name]["profile"], protected=there[name]["protected"])


def synth(targets: Sequence[Target]) -> int:
    """Synthesise each: no account, no Docker, no network but for what was not fetched yet."""
    command = cdk()
    for one in targets:
        began = time.monotonic()
        code = _cdk(command, "synth", "--quiet", *one.words())
        if code:
            raise Missing(f"{one.folder} was not synthesised; what is wrong stands above")
        print(f"{one.folder}  ({time.monotonic() - began:.0f} s)", flush=True)
    return 0


def diff(one: Target) -> int:
    """What a deployment would change."""
    _account()
    return _cdk(cdk(), "diff", "--all", *one.words())


def deploy(one: Target) -> int:
    """Deploy every stack of it; asks before it widens permissions where someone is there to answer."""
    _account()
    engine = _engine()
    approval = "broadening" if sys.stdin.isatty() else "never"
    words = ("--all", "--require-approval", approval, "--outputs-file", str(one.outputs))
    return _cdk(cdk(), "deploy", *words, *one.words(), CDK_DOCKER=engine)


def destroy(one: Target) -> int:
    """Delete every stack of it, once its name was typed."""
    name = one.name
    if one.protected:
        raise Missing(
            f"{name} is protected: its stacks refuse deletion, and its documents outlive them. If all of it must go, "
            f'set "protected": false for {name} in cdk.json, run `make deploy ENV={name}`, empty its bucket, '
            f"then run this again"
        )
    _account()
    print(f"This deletes the stacks of {name}, {one.prefix}-*, with every report and key that they hold.")
    try:
        typed = input(f"Type {name} to go on: ")
    except EOFError:
        typed = ""
    if typed.strip() != name:
        print("Nothing was deleted.")
        return 1
    return _cdk(cdk(), "destroy", "--all", "--force", *one.words())


def pipeline(one: Target, repository: str) -> int:
    """Deploy the role that the repository's workflow deploys this environment with: once, by a person."""
    _account()
    stack = f"{one.prefix}-pipeline"
    approval = ("--require-approval", "broadening" if sys.stdin.isatty() else "never")
    outputs = ("--outputs-file", str(OUT / f"{one.name}.pipeline.json"))
    words = (stack, "--exclusively", *approval, *outputs, "--context", f"repository={repository}")
    return _cdk(cdk(), "deploy", *words, *one.words())


def _cdk(command: Sequence[str], *words: str, **variables: str) -> int:
    return subprocess.run([*command, *words], cwd=ROOT, env={**environment(), **variables}, check=False).returncode


def _account() -> None:
    """That there are credentials and a region; raises Missing where not. Whether they are good, AWS will say."""
    from botocore.exceptions import BotoCoreError
    from botocore.session import get_session

    try:
        session = get_session()
        credentials, region = session.get_credentials(), session.get_config_variable("region")
    except BotoCoreError as error:
        raise Missing(f"no AWS credentials: {error}") from None
    if credentials is None:
        raise Missing("no AWS credentials: name a profile in AWS_PROFILE, or sign in, for example with `aws sso login`")
    if not region:
        raise Missing("no AWS region: name one in AWS_REGION")


def _engine() -> str:
    """What builds the worker's image: CDK_DOCKER's, or the first that answers; raises Missing where none does."""
    named = os.environ.get("CDK_DOCKER")
    for engine in (named,) if named else ENGINES:
        if shutil.which(engine) and not subprocess.run([engine, "info"], check=False, capture_output=True).returncode:
            if platform.machine() not in {"aarch64", "arm64"} and sys.platform == "linux" and not _EMULATION.exists():
                print(
                    f"{engine} builds for arm64 here only with QEMU's emulation (Debian's qemu-user-static)", flush=True
                )
            return engine
    raise Missing(
        f"nothing that builds the worker's image answers: start one of {', '.join(ENGINES)}"
        if not named
        else f"CDK_DOCKER is {named}, which does not answer `{named} info`: start it, or name another"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cdk_app.deploy", description=f"{__doc__}\n\n{CLI}")
    parser.add_argument("command", choices=("synth", "diff", "deploy", "destroy", "pipeline"))
    parser.add_argument("--env", default="", help="an environment of cdk.json; synth takes every one without it")
    parser.add_argument("--profile", choices=PROFILES, help="instead of the environment's own")
    parser.add_argument("--repository", default="", help="of the pipeline: owner/name on GitHub")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; returns the exit code: the command line's own, or 2 with a message where something is missing."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "synth":
            names = [options.env] if options.env else list(environments())
            chosen = [options.profile] if options.profile else PROFILES
            return synth([target(name, profile) for name in names for profile in chosen])
        one = target(options.env, options.profile)
        if options.command == "pipeline":
            if options.repository.count("/") != 1:
                raise Missing("REPOSITORY: which one on GitHub may deploy? Name it as owner/name")
            return pipeline(one, options.repository)
        return {"diff": diff, "deploy": deploy, "destroy": destroy}[options.command](one)
    except Missing as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
