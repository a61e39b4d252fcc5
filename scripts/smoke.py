#!/usr/bin/env python3
"""Smoke test: uses a deployment or the local stack as a frontend does and prints a table of results.

    scripts/smoke.py START_URL STREAM_URL HISTORY_URL --token JWT [--other-token JWT] [--stack NAME] [--expect-vpc]
    scripts/smoke.py http://127.0.0.1:3000

Requests three short answers from the cheapest model of the user's tier. Needs Python 3.13 and, for --stack, boto3 and
credentials that may read the stack. Exits with 1 if a check failed, with 2 for invalid arguments.
"""

import argparse
import functools
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from smoke_checks import permissions, sessions
from smoke_checks.conversation import SmokeConversation
from smoke_checks.http_client import HttpClient
from smoke_checks.report import FAILED, OK, SKIPPED, CheckResult, run, table
from smoke_checks.service import HTTP_OK, ChatService, Urls
from smoke_checks.stack import DeployedStack, check_urls, direct_invocation, open_stack, vpc

SECONDS = 120.0
ALL_FUNCTIONS = 3
_LOCAL = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Trial:
    """The service under test and what the checks may expect of it."""

    service: ChatService
    other_token: str | None
    local: bool
    stack: DeployedStack | None
    expect_vpc: bool
    expect_cache: bool


def rows(trial: Trial) -> Iterator[CheckResult]:
    """Runs all checks, in order of their dependencies."""
    conversation = SmokeConversation(trial.service, demo=trial.local)
    checks: dict[str, Callable[[], str]] = {
        "models": conversation.models,
        "start": conversation.start,
        "time to first byte": conversation.first_byte,
        "gaps between tokens": conversation.gaps,
        "history": conversation.history,
        "resume": lambda: sessions.resume(conversation),
        "204": lambda: sessions.nothing_left(conversation),
        "HEAD": lambda: sessions.head(conversation),
        "stop": lambda: sessions.stop(conversation),
        "kept answer": lambda: sessions.kept_answer(conversation, expected=trial.expect_cache),
        "no token": lambda: permissions.no_token(conversation),
        "wrong token": lambda: permissions.wrong_token(conversation),
        "another user": lambda: permissions.foreign_session(conversation, trial.other_token),
        "stream token": lambda: permissions.stream_token(conversation),
        "other paths": lambda: permissions.nothing_else(conversation),
        "direct invocation": lambda: direct_invocation(trial.stack, local=trial.local),
        "stream in a VPC": lambda: vpc(conversation, trial.stack, local=trial.local, expected=trial.expect_vpc),
    }
    if trial.stack is not None:
        yield run("addresses", functools.partial(check_urls, trial.stack, trial.service.urls))
    for name, check in checks.items():
        yield run(name, check)
    yield CheckResult("cost", OK, conversation.spent())


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        trial = _trial(options)
    except ValueError as error:
        parser.error(str(error))
    except Exception as error:  # noqa: BLE001  # no service at that address, no such stack, no credentials
        print(f"The smoke test cannot start: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    found = list(rows(trial))
    print(table(found))
    count = {result: sum(row.result == result for row in found) for result in (OK, FAILED, SKIPPED)}
    print(f"\n{count[OK]} ok, {count[FAILED]} failed, {count[SKIPPED]} not tried")
    return 1 if count[FAILED] else 0


def _trial(options: argparse.Namespace) -> Trial:
    bases = [url.rstrip("/") for url in options.urls]
    if len(bases) not in {1, ALL_FUNCTIONS}:
        raise ValueError("give one URL, or those of start, stream and history")
    http = HttpClient(time.monotonic() + options.seconds)
    local = len(bases) == 1 and urlsplit(bases[0]).hostname in _LOCAL
    token, other = options.token or os.environ.get("CHAT_TOKEN"), options.other_token
    if local and token is None:
        suffixes = [secrets.token_hex(4) for _ in range(2)]
        token, other = (_local_token(http, bases[0], f"smoke-{suffix}") for suffix in suffixes)
    if token is None:
        raise ValueError("a user token is required: --token, or CHAT_TOKEN in the environment")
    if options.expect_vpc and not options.stack:
        raise ValueError("--expect-vpc needs --stack")
    stack = open_stack(options.stack, options.region) if options.stack else None
    cache_mode = stack.parameters().get("CacheMode", "none") if stack else "none"
    return Trial(
        service=ChatService(http, Urls(*(bases * ALL_FUNCTIONS)[:ALL_FUNCTIONS]), token, options.model),
        other_token=other,
        local=local,
        stack=stack,
        expect_vpc=options.expect_vpc or cache_mode == "elasticache",
        expect_cache=options.expect_cache or local or cache_mode != "none",
    )


def _local_token(http: HttpClient, base: str, user: str) -> str:
    answer = http.request("GET", f"{base}/local/token?{urlencode({'user': user, 'tier': 'PRO'})}", {})
    if answer.status != HTTP_OK:
        raise ValueError(f"/local/token responded with {answer.status}: give --token")
    return answer.body.decode()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/smoke.py",
        description="Tests a deployment or the local stack and prints a table of results.",
        epilog="Requests three short answers from the cheapest model of the user's tier (a few hundred tokens).",
    )
    parser.add_argument("urls", nargs="+", metavar="URL", help="START_URL STREAM_URL HISTORY_URL, or one for all")
    parser.add_argument("--token", help="a user's JWT (default: CHAT_TOKEN; local stack: from /local/token)")
    parser.add_argument("--other-token", help="a second user's JWT, which must not reach the first user's sessions")
    parser.add_argument("--stack", help="the stack's name: checks its functions with your AWS credentials")
    parser.add_argument("--region", help="the stack's region, if not the default")
    parser.add_argument("--expect-vpc", action="store_true", help="fail if the stream function is not in a VPC")
    parser.add_argument(
        "--expect-cache", action="store_true", help="fail if a repeated question is not answered from Redis"
    )
    parser.add_argument("--model", default="", help="the model to use (default: the cheapest)")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help=f"timeout of the whole test (default: {SECONDS:.0f})"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
