"""The network and cache of CacheMode elasticache, and the functions' Redis settings in each mode."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, ip_network
from itertools import combinations
from typing import Any

import pytest

from artefacts.policies import listed, permissions, target
from artefacts.transformed import source_template
from template.checks.stack import Stack, reference

WITH_REDIS = ("StartFunction", "StreamFunction", "CleanupFunction")
NETWORK = {"CacheMode": "elasticache"}
REDIS_PORTS = {"IpProtocol": "tcp", "FromPort": 6379, "ToPort": 6380}
LONGEST_NAME = 40
"""ElastiCache's, for caches, users and user groups."""


def stack_with(**parameters: str) -> Stack:
    return Stack(source_template(), parameters)


@pytest.fixture(scope="module")
def stack() -> Stack:
    return stack_with(**NETWORK)


def redis_variables(stack: Stack, function: str) -> Mapping[str, str]:
    return {name: value for name, value in stack.variables(function).items() if name.startswith("REDIS_")}


def test_functions_get_no_redis_settings_without_redis() -> None:
    stack = stack_with(CacheMode="none")
    assert [redis_variables(stack, function) for function in stack.functions] == [{}] * len(stack.functions)


@pytest.mark.parametrize("cluster", ["true", "false"])
def test_own_redis_is_known_by_its_secret(cluster: str) -> None:
    stack = stack_with(CacheMode="external", RedisCluster=cluster)
    told = {"REDIS_URL_SECRET_ARN": "RedisSecret", "REDIS_CLUSTER": cluster}
    assert {function: redis_variables(stack, function) for function in stack.functions} == {
        "HistoryFunction": {},
        **dict.fromkeys(WITH_REDIS, told),
    }


def test_cache_is_known_by_its_address_and_user(stack: Stack) -> None:
    names = {kind: stack.value(stack.properties(kind)) for kind in ("Cache", "CacheUser")}
    told = {
        "REDIS_URL": "rediss://Cache.Endpoint.Address:6379",
        "REDIS_CLUSTER": "true",
        "REDIS_IAM_USER": "CacheUser",
        "REDIS_CACHE_NAME": "Cache",
    }
    assert {function: redis_variables(stack, function) for function in stack.functions} == {
        "HistoryFunction": {},
        **dict.fromkeys(WITH_REDIS, told),
    }
    assert names["CacheUser"]["UserName"] == names["CacheUser"]["UserId"], "as IAM authentication wants it"


@pytest.mark.parametrize(
    ("resource", "name"), [("Cache", "ServerlessCacheName"), ("CacheUser", "UserId"), ("CacheUserGroup", "UserGroupId")]
)
def test_name_is_one_that_elasticache_takes(stack: Stack, resource: str, name: str) -> None:
    value = stack.value(stack.properties(resource)[name])
    assert re.fullmatch(r"[a-z](-?[a-z0-9])*", value)
    assert len(value) <= LONGEST_NAME


def test_cache_is_limited_and_open_to_its_user_only() -> None:
    stack = stack_with(**NETWORK, CacheMaxDataGb="3", CacheMaxEcpu="7000")
    cache = stack.properties("Cache")
    assert cache["Engine"] == "valkey"
    assert cache["CacheUsageLimits"] == {
        "DataStorage": {"Maximum": "3", "Unit": "GB"},
        "ECPUPerSecond": {"Maximum": "7000"},
    }
    assert cache["UserGroupId"] == {"Ref": "CacheUserGroup"}
    assert stack.properties("CacheUserGroup")["UserIds"] == [{"Ref": "CacheUser"}]
    assert stack.properties("CacheUser")["AuthenticationMode"] == {"Type": "iam"}
    assert not {"Passwords", "NoPasswordRequired"} & stack.properties("CacheUser").keys()
    assert [reference(subnet) for subnet in cache["SubnetIds"]] == ["PrivateSubnetA", "PrivateSubnetB"]
    assert [reference(group) for group in cache["SecurityGroupIds"]] == ["CacheSecurityGroup"]


@pytest.mark.parametrize("block", ["10.86.0.0/20", "192.168.0.0/22", "172.16.0.0/16"])
def test_subnets_lie_apart_in_the_network(block: str) -> None:
    stack = stack_with(**NETWORK, NatPerZone="true", VpcCidr=block)
    assert re.fullmatch(stack.source["Parameters"]["VpcCidr"]["AllowedPattern"], block)
    subnets = [ip_network(stack.value(subnet["CidrBlock"])) for subnet in stack.of_type("AWS::EC2::Subnet").values()]
    assert len(subnets) == 4
    assert not [pair for pair in combinations(subnets, 2) if pair[0].overlaps(pair[1])]
    network = IPv4Network(stack.value(stack.properties("Vpc")["CidrBlock"]))
    assert all(isinstance(subnet, IPv4Network) and subnet.subnet_of(network) for subnet in subnets)


@pytest.mark.parametrize("block", ["8.8.0.0/16", "172.32.0.0/16", "10.0.0.0/8", "192.168.0.0/24", "10.0.0.0"])
def test_range_that_is_public_or_of_the_wrong_size_is_refused(stack: Stack, block: str) -> None:
    assert not re.fullmatch(stack.source["Parameters"]["VpcCidr"]["AllowedPattern"], block)


@pytest.mark.parametrize(
    ("zones", "expected"), [("", ["us-east-1a", "us-east-1b"]), ("us-east-1c,us-east-1d", ["us-east-1c", "us-east-1d"])]
)
def test_private_subnets_are_in_two_zones(zones: str, expected: list[str]) -> None:
    stack = stack_with(**NETWORK, Zones=zones)
    assert re.fullmatch(stack.source["Parameters"]["Zones"]["AllowedPattern"], zones)
    found = [stack.value(stack.properties(f"PrivateSubnet{zone}")["AvailabilityZone"]) for zone in "AB"]
    assert found == expected


def way_out(stack: Stack, subnet: str) -> str | None:
    """The gateway that a subnet's default route leads to."""
    (table,) = (
        reference(item["RouteTableId"])
        for item in stack.of_type("AWS::EC2::SubnetRouteTableAssociation").values()
        if reference(item["SubnetId"]) == subnet
    )
    (route,) = (item for item in stack.of_type("AWS::EC2::Route").values() if reference(item["RouteTableId"]) == table)
    assert route["DestinationCidrBlock"] == "0.0.0.0/0"
    return reference(route.get("NatGatewayId") or route.get("GatewayId"))


@pytest.mark.parametrize(("per_zone", "gateways"), [("false", "AA"), ("true", "AB")])
def test_private_subnets_reach_the_internet_through_nat(per_zone: str, gateways: str) -> None:
    stack = stack_with(**NETWORK, NatPerZone=per_zone)
    assert [way_out(stack, f"PrivateSubnet{zone}") for zone in "AB"] == [f"NatGateway{zone}" for zone in gateways]
    nats = stack.of_type("AWS::EC2::NatGateway")
    assert sorted(nats) == [f"NatGateway{zone}" for zone in sorted(set(gateways))]
    for nat in nats.values():
        assert way_out(stack, reference(nat["SubnetId"]) or "") == "InternetGateway"
    assert len(stack.of_type("AWS::EC2::EIP")) == len(nats)


def test_tables_are_reached_without_nat_and_only_as_the_functions_may(stack: Stack) -> None:
    endpoint = stack.properties("DynamoEndpoint")
    tables = {
        reference(item["RouteTableId"])
        for item in stack.of_type("AWS::EC2::SubnetRouteTableAssociation").values()
        if (reference(item["SubnetId"]) or "").startswith("Private")
    }
    assert {reference(table) for table in endpoint["RouteTableIds"]} == tables
    (statement,) = endpoint["PolicyDocument"]["Statement"]
    needed = {
        item
        for name in WITH_REDIS
        for item in permissions(stack.statements(name))
        if item.action.startswith("dynamodb:")
    }
    assert {item.action for item in needed} <= set(statement["Action"])
    assert {item.resource for item in needed} <= {target(resource) for resource in statement["Resource"]}


def test_functions_connect_to_https_and_to_the_cache_and_nobody_to_them(stack: Stack) -> None:
    functions, cache = (stack.properties(f"{name}SecurityGroup") for name in ("Function", "Cache"))
    assert "SecurityGroupIngress" not in functions
    (https,) = functions["SecurityGroupEgress"]
    assert (https["IpProtocol"], https["FromPort"], https["ToPort"]) == ("tcp", 443, 443)
    to_cache = stack.properties("FunctionsToCache")
    assert to_cache.items() >= REDIS_PORTS.items()
    assert reference(to_cache["GroupId"]) == "FunctionSecurityGroup"
    assert reference(to_cache["DestinationSecurityGroupId"]) == "CacheSecurityGroup"
    (from_functions,) = cache["SecurityGroupIngress"]
    assert from_functions.items() >= REDIS_PORTS.items()
    assert reference(from_functions["SourceSecurityGroupId"]) == "FunctionSecurityGroup"
    assert [rule["CidrIp"] for rule in cache["SecurityGroupEgress"]] == ["127.0.0.1/32"]


@pytest.mark.parametrize("mode", ["none", "external", "elasticache"])
def test_code_may_not_touch_network_interfaces(mode: str) -> None:
    """In all modes, for Lambda's right to it is there in all modes; each of its actions is denied."""
    stack = stack_with(CacheMode=mode)
    policy = stack.properties("NetworkInterfacePolicy")
    assert {reference(role) for role in policy["Roles"]} == {f"{name}Role" for name in WITH_REDIS}
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Deny", "*")
    assert statement["Condition"] == {"Null": {"lambda:SourceFunctionArn": "false"}}
    assert set(listed(statement["Action"])) == {
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    }


def rights_to_redis(stack: Stack, function: str) -> set[tuple[str, Any]]:
    about = {"Cache", "CacheUser", "RedisSecret"}
    return {(item.action, item.resource) for item in permissions(stack.statements(function)) if item.resource in about}


@pytest.mark.parametrize(
    ("mode", "rights"),
    [
        ("none", set()),
        ("external", {("secretsmanager:GetSecretValue", "RedisSecret")}),
        ("elasticache", {("elasticache:Connect", "Cache"), ("elasticache:Connect", "CacheUser")}),
    ],
)
def test_right_to_redis_is_that_of_the_mode(mode: str, rights: set[tuple[str, str]]) -> None:
    stack = stack_with(CacheMode=mode)
    for function in stack.functions:
        assert rights_to_redis(stack, function) == (rights if function in WITH_REDIS else set())
