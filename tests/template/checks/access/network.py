"""Network: in a VPC of the stack's own when the cache is there, and only the functions that use it."""

from collections.abc import Iterator

from template.checks.stack import Stack, reference

WITHOUT_REDIS = {"HistoryFunction"}


def check_vpc(stack: Stack) -> Iterator[str]:
    """In ElastiCache's mode the functions that use Redis are in private subnets; in other modes no function is."""
    inside = stack.value({"Ref": "CacheMode"}) == "elasticache"
    for name in stack.functions:
        config = stack.properties(name).get("VpcConfig")
        if bool(config) != (inside and name not in WITHOUT_REDIS):
            yield f"{name}: the network is {config}"
        if not config:
            continue
        subnets = [reference(item) for item in config["SubnetIds"]]
        yield from (f"{name} is in {item}" for item in subnets if item not in stack.of_type("AWS::EC2::Subnet"))
        if len(set(subnets)) < 2:  # one zone may fail
            yield f"{name} is in one zone"
        public = {reference(item["SubnetId"]) for item in stack.of_type("AWS::EC2::NatGateway").values()}
        yield from (f"{name} is in the public subnet {item}" for item in subnets if item in public)


def check_costs(stack: Stack) -> Iterator[str]:
    """Without ElastiCache, nothing costs money while idle."""
    fixed = {"AWS::EC2::NatGateway", "AWS::EC2::VPC", "AWS::EC2::EIP", "AWS::ElastiCache::ServerlessCache"}
    if stack.value({"Ref": "CacheMode"}) != "elasticache":
        yield from (f"{name} is there" for name, item in stack.resources.items() if item["Type"] in fixed)


def check_security_groups(stack: Stack) -> Iterator[str]:
    """Nothing comes in from anywhere but from groups of the stack."""
    for kind in ("AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress"):
        for name, properties in stack.of_type(kind).items():
            rules = properties.get("SecurityGroupIngress", []) if kind.endswith("Group") else [properties]
            if any("SourceSecurityGroupId" not in rule or "CidrIp" in rule for rule in rules):
                yield f"{name} lets in {rules}"
