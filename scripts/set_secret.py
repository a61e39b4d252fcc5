#!/usr/bin/env python3
"""Sets the secrets of a deployed stack; the functions pick up a change within five minutes.

    scripts/set_secret.py STACK providers [FILE]    provider API keys; keys that are not given stay unchanged
    scripts/set_secret.py STACK redis [FILE]        the rediss:// address of Redis, for CacheMode external
    scripts/set_secret.py STACK jwt [FILE]          a new key for HS256 tokens; tokens of the old key stay valid
    scripts/set_secret.py STACK jwt --generate      the same, with a generated key
    scripts/set_secret.py STACK jwt --only-current  revokes the previous key; its tokens become invalid

The secret is read from FILE, from standard input, or from a prompt; never from the command line, where others could see
it, and it is never printed. FILE of providers is JSON such as {"OPENAI_API_KEY": "..."}; other files contain only
the secret. Needs boto3, and credentials that may read the stack and read and write its secrets.
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
    """Invalid input; the message never shows the input."""


def main(arguments: Sequence[str] | None = None, *, ask: Callable[[str], str] = getpass) -> int:
    """Runs the command; returns 0 on success, 1 on failure. `ask` prompts the user without echoing the input."""
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
        ways.add_argument("file", type=Path, nargs="?", help="file with the secret; - for standard input")
        if name == "jwt":
            ways.add_argument("--generate", action="store_true", help="generate a key")
            ways.add_argument("--only-current", action="store_true", help="revoke the previous key")
    return parser


def _arn(stack: str, output: str) -> str:
    (found,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    for item in found.get("Outputs", []):
        if item["OutputKey"] == output:
            return str(item["OutputValue"])
    raise InputError(f"the stack {stack} has no output {output}; the Redis secret exists only with CacheMode=external.")


def _set_providers(arn: str, parsed: argparse.Namespace, ask: Callable[[str], str]) -> str:
    if parsed.file is None and sys.stdin.isatty():
        given = {name: ask(f"{name} (empty: unchanged): ").strip() for name in PROVIDERS}
        given = {name: key for name, key in given.items() if key}
    else:
        given = _key_document(_read(parsed.file))
    if not given:
        raise InputError("no key was given; nothing was changed.")
    # A character that a header cannot carry, such as a typographic quotation mark, would fail only at the first answer.
    if not all(re.fullmatch(r"[!-~]+", key) for key in given.values()):
        raise InputError("keys must be printable ASCII without spaces; nothing was changed.")
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
        return "Revoked: the previous key."
    new = secrets.token_urlsafe(KEY_BYTES) if parsed.generate else _given(parsed.file, ask, "New key: ")
    document = json.dumps({"current": new, "previous": old.current.decode()})
    if AuthSecret.parse(document).current == old.current:
        raise InputError("this is already the current key; nothing was changed.")
    _put(arn, document)
    return "Set: the current key. The previous key stays valid until `jwt --only-current` or the next new key."


def _given(file: Path | None, ask: Callable[[str], str], prompt: str) -> str:
    text = ask(prompt) if file is None and sys.stdin.isatty() else _read(file)
    if not (stripped := text.strip()):
        raise InputError("no secret was given; nothing was changed.")
    return stripped


def _read(file: Path | None) -> str:
    if file is None or str(file) == "-":
        return sys.stdin.read()
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise InputError("the file cannot be read.") from None  # the name is not shown: it could be a secret by mistake


def _kept(text: str) -> dict[str, str]:
    """The stored keys; none if the secret is not a JSON object."""
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
