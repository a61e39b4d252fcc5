#!/usr/bin/env python3
"""Puts secrets where the functions of a deployed stack read them; they notice within five minutes, by themselves.

    scripts/set_secret.py STACK providers [FILE]    keys of the models' providers; those that are not given stay
    scripts/set_secret.py STACK redis [FILE]        the rediss:// address of Redis, for CacheMode external
    scripts/set_secret.py STACK jwt [FILE]          a new key of HS256 tokens; what the old one signed stays valid
    scripts/set_secret.py STACK jwt --generate      the same, with a key made here
    scripts/set_secret.py STACK jwt --only-current  what older keys signed is not valid any more

The secret comes from FILE, from the standard input, or is asked for; never from the command line, where others could
see it, and it is never printed. FILE of providers is JSON such as {"OPENAI_API_KEY": "..."}; the others hold the secret
alone. Needs boto3, and credentials that may read the stack and read and write its secrets.
"""

import argparse
import json
import re
import secrets
import sys
from collections.abc import Callable, Sequence
from getpass import getpass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chat.auth.secrets import AuthSecret, SecretFormatError
from chat.redis.client.url_secret import RedisAddress, RedisAddressError

PROVIDERS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "XAI_API_KEY")
OUTPUTS = {"providers": "ProviderKeysSecretArn", "redis": "RedisSecretArn", "jwt": "AuthSecretArn"}
"""The stack's outputs that name the secrets."""
KEY_BYTES = 48


class InputError(Exception):
    """What was given cannot be used; the message never shows it."""


def main(arguments: Sequence[str] | None = None, *, ask: Callable[[str], str] = getpass) -> int:
    """Does what the arguments say; 0 if it is done, 1 if not. `ask` asks a person without showing what they type."""
    parsed = _parser().parse_args(arguments)
    try:
        arn = _arn(parsed.stack, OUTPUTS[parsed.secret])
        done = {"providers": _set_providers, "redis": _set_redis, "jwt": _set_jwt}[parsed.secret](arn, parsed, ask)
    except (InputError, SecretFormatError, RedisAddressError, BotoCoreError, ClientError) as error:
        print(f"set_secret: {error}", file=sys.stderr)
        return 1
    print(f"{done} Secret: {arn}")
    return 0


def _parser() -> argparse.ArgumentParser:
    description, _, _ = (__doc__ or "").partition("\n\nThe secret")
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stack", help="name of the deployed stack")
    kinds = parser.add_subparsers(dest="secret", required=True)
    for name in OUTPUTS:
        kind = kinds.add_parser(name)
        ways = kind.add_mutually_exclusive_group()
        ways.add_argument("file", type=Path, nargs="?", help="where the secret is; - is the standard input")
        if name == "jwt":
            ways.add_argument("--generate", action="store_true", help="make a key")
            ways.add_argument("--only-current", action="store_true", help="forget the key before the current one")
    return parser


def _arn(stack: str, output: str) -> str:
    (found,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    for item in found.get("Outputs", []):
        if item["OutputKey"] == output:
            return str(item["OutputValue"])
    raise InputError(f"the stack {stack} has no output {output}; the secret of Redis is there with CacheMode=external.")


def _set_providers(arn: str, parsed: argparse.Namespace, ask: Callable[[str], str]) -> str:
    if parsed.file is None and sys.stdin.isatty():
        given = {name: ask(f"{name} (nothing: as it is): ").strip() for name in PROVIDERS}
        given = {name: key for name, key in given.items() if key}
    else:
        given = _key_document(_read(parsed.file))
    if not given:
        raise InputError("no key was given; nothing is changed.")
    # What a header cannot carry, such as quotation marks of a word processor, would fail with the first answer only.
    if not all(re.fullmatch(r"[!-~]+", key) for key in given.values()):
        raise InputError("keys have printable ASCII characters without spaces; nothing is changed.")
    _put(arn, json.dumps(_kept(_current(arn)) | given))
    return f"Set: {', '.join(sorted(given))}."


def _set_redis(arn: str, parsed: argparse.Namespace, ask: Callable[[str], str]) -> str:
    address = _given(parsed.file, ask, "Address (rediss://user:password@host:port): ")
    RedisAddress.parse(address)
    _put(arn, address)
    return "Set: the address of Redis."


def _set_jwt(arn: str, parsed: argparse.Namespace, ask: Callable[[str], str]) -> str:
    old = AuthSecret.parse(_current(arn))
    if parsed.only_current:
        _put(arn, json.dumps({"current": old.current.decode()}))
        return "Forgotten: the key before the current one."
    new = secrets.token_urlsafe(KEY_BYTES) if parsed.generate else _given(parsed.file, ask, "New key: ")
    document = json.dumps({"current": new, "previous": old.current.decode()})
    if AuthSecret.parse(document).current == old.current:
        raise InputError("this is the current key already; nothing is changed.")
    _put(arn, document)
    return "Set: the current key. The one before it stays valid until `jwt --only-current` or the next new one."


def _given(file: Path | None, ask: Callable[[str], str], prompt: str) -> str:
    text = ask(prompt) if file is None and sys.stdin.isatty() else _read(file)
    if not (stripped := text.strip()):
        raise InputError("nothing was given; nothing is changed.")
    return stripped


def _read(file: Path | None) -> str:
    if file is None or str(file) == "-":
        return sys.stdin.read()
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise InputError("the file cannot be read.") from None  # its name could be a secret that was put there


def _kept(text: str) -> dict[str, str]:
    """The keys so far; none, if that is what somebody has made of the secret by hand."""
    try:
        document: Any = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _key_document(text: str) -> dict[str, str]:
    try:
        document: Any = json.loads(text)
    except ValueError:
        raise InputError("the keys must be a JSON object.") from None
    if not isinstance(document, dict) or not all(isinstance(key, str) and key for key in document.values()):
        raise InputError("the keys must be a JSON object of strings.")
    if unknown := sorted(document.keys() - set(PROVIDERS)):
        raise InputError(f"{', '.join(unknown)}: not among {', '.join(PROVIDERS)}.")
    return {name: key.strip() for name, key in document.items()}


def _current(arn: str) -> str:
    return str(boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])


def _put(arn: str, text: str) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=text)


if __name__ == "__main__":
    sys.exit(main())
