"""Secrets in the template, and the command that fills them."""

import set_secret
from artefacts.transformed import source_template
from chat.redis.client.url_secret import RedisAddress, RedisAddressError
from chat_stream.providers.registry import PROVIDERS
from template.checks.stack import Stack, reference


def test_command_finds_each_secret_in_the_outputs() -> None:
    """That of Redis where it has one."""
    for mode, left_out in {"none": {"redis"}, "external": set(), "elasticache": {"redis"}}.items():
        stack = Stack(source_template(), {"CacheMode": mode})
        found = {reference(item["Value"]) for item in stack.outputs.values()}
        secrets = stack.of_type("AWS::SecretsManager::Secret")
        assert found & secrets.keys() == secrets.keys()
        named = {name for name, output in set_secret.OUTPUTS.items() if output in stack.outputs}
        assert named == set_secret.OUTPUTS.keys() - left_out


def test_command_knows_the_providers() -> None:
    assert set(set_secret.PROVIDERS) == {f"{name.upper()}_API_KEY" for name in PROVIDERS}


def test_secret_of_redis_is_made_without_an_address() -> None:
    """A function that reads it runs without Redis (see test_redis_url_secret)."""
    stack = Stack(source_template(), {"CacheMode": "external"})
    try:
        RedisAddress.parse(stack.properties("RedisSecret")["SecretString"])
    except RedisAddressError:
        return
    raise AssertionError("it is an address")
