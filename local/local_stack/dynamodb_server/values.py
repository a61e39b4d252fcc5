"""Attribute values in DynamoDB's JSON format: `{"S": "text"}`, `{"N": "1"}`, and so on.

Source: docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html, and the developer guide's
sections "Supported data types" and "Item sizes".
"""

import base64
import binascii
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

from local_stack.dynamodb_server.errors import invalid

type Value = dict[str, Any]
type Item = dict[str, Value]
type Scalar = str | Decimal | bytes
"""A key value that sorts as DynamoDB sorts it. Strings sort by code point, which is the order of their UTF-8 bytes."""

MAX_ITEM_BYTES: Final = 400 * 1024
MAX_NAME_BYTES: Final = 65535
MAX_DEPTH: Final = 32
"""Nesting levels of lists and maps, including the innermost value."""
_DIGITS = 38
_EXACT = Context(prec=300)
"""Enough digits to add the largest and the smallest number without rounding."""
_LARGEST = Decimal("9.9999999999999999999999999999999999999E+125")
_SMALLEST = Decimal("1E-130")
_SETS = {"SS": "string", "NS": "number", "BS": "binary"}
_NEVER_EMPTY = "One or more parameter values were invalid: An {} set  may not be empty"


def type_of(value: Value) -> str:
    """The type code, such as `S` or `M`."""
    return next(iter(value))


def normalised(item: Item) -> Item:
    """The item with its numbers in DynamoDB's canonical form.

    Raises:
        DynamoDBError: a value is invalid.
    """
    return _normalised_members(item, 0)


def normalised_value(value: Value, depth: int = 0) -> Value:
    """One value with its numbers in DynamoDB's canonical form.

    Raises:
        DynamoDBError: the value is invalid.
    """
    if not isinstance(value, dict) or len(value) != 1:
        raise invalid(
            "Supplied AttributeValue is empty or has more than one datatypes set, "
            "must contain exactly one of the supported datatypes"
        )
    if depth >= MAX_DEPTH:
        raise invalid("Nesting Levels have exceeded supported limits")
    ((kind, content),) = value.items()
    match kind, content:
        case ("S", str()) | ("BOOL", bool()) | ("NULL", True):
            normal = content
        case "N", str():
            normal = normalised_number(content)
        case "B", str():
            normal = _checked_binary(content)
        case "M", dict():
            normal = _normalised_members(content, depth + 1)
        case "L", list():
            normal = [normalised_value(inner, depth + 1) for inner in content]
        case (("SS" | "NS" | "BS"), list()):
            normal = _normalised_set(kind, content)
        case _:
            raise invalid(f"A value of type {kind} cannot be {content!r}")
    return {kind: normal}


@lru_cache(maxsize=4096)
def normalised_number(text: str) -> str:
    """A number without leading and trailing zeros.

    Raises:
        DynamoDBError: the text is not a number, has more than 38 digits, or is out of range.
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or text != text.strip():
        raise invalid(f"The parameter cannot be converted to a numeric value: {text}")
    if not number:
        return "0"
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    if len(digits) > _DIGITS:
        raise invalid("Attempting to store more than 38 significant digits in a Number")
    if abs(number) > _LARGEST:
        raise invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
    if abs(number) < _SMALLEST:
        raise invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else str(int(plain))


def scalar(value: Value) -> Scalar | None:
    """The sortable form of a value of type S, N or B; None for any other type."""
    ((kind, content),) = value.items()
    if kind == "S":
        return str(content)
    if kind == "N":
        return Decimal(content)
    return base64.b64decode(content) if kind == "B" else None


def equal(left: Value, right: Value) -> bool:
    """True for the same type and value; the order within a set is ignored."""
    kind = type_of(left)
    if kind != type_of(right):
        return False
    a, b = left[kind], right[kind]
    if kind in _SETS:
        return set(a) == set(b)
    if kind == "M":
        return a.keys() == b.keys() and all(equal(inner, b[name]) for name, inner in a.items())
    if kind == "L":
        return len(a) == len(b) and all(map(equal, a, b))
    return bool(a == b)


def item_bytes(item: Item) -> int:
    """An item's size as DynamoDB counts it, for the item and page limits."""
    return sum(_utf8_bytes(name) + value_bytes(value) for name, value in item.items())


def value_bytes(value: Value) -> int:
    """A value's size as DynamoDB counts it."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            size = _utf8_bytes(content)
        case "N":
            size = _number_bytes(content)
        case "B":
            size = len(base64.b64decode(content))
        case "M":
            size = 3 + sum(1 + _utf8_bytes(name) + value_bytes(inner) for name, inner in content.items())
        case "L":
            size = 3 + sum(1 + value_bytes(inner) for inner in content)
        case "SS" | "NS" | "BS":
            size = sum(value_bytes({kind[0]: inner}) for inner in content)
        case _:
            size = 1
    return size


def total(first: str, second: str, sign: int) -> str:
    """`first + sign * second`.

    Raises:
        DynamoDBError: the result is too large or has too many digits.
    """
    return normalised_number(str(_EXACT.add(Decimal(first), sign * Decimal(second))))


def _normalised_members(members: Item, depth: int) -> Item:
    if "" in members:
        raise invalid("Empty attribute name")
    if any(_utf8_bytes(name) > MAX_NAME_BYTES for name in members):
        raise invalid(f"Attribute name is too large, must be less than {MAX_NAME_BYTES + 1} bytes")
    return {name: normalised_value(value, depth) for name, value in members.items()}


def _utf8_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _number_bytes(text: str) -> int:
    return 1 + (len(text.strip("-0.")) + 1) // 2


def _checked_binary(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        raise invalid("A binary value is not valid base64") from None
    return text


def _normalised_set(kind: str, members: list[Any]) -> list[Any]:
    if not members:
        raise invalid(_NEVER_EMPTY.format(_SETS[kind]))
    found = [normalised_value({kind[0]: member})[kind[0]] for member in members]
    if len(set(found)) != len(found):
        raise invalid(
            "One or more parameter values were invalid: "
            f"Input collection [{', '.join(map(str, members))}] contains duplicates."
        )
    return found
