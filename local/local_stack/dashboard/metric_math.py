"""The subset of CloudWatch's metric math that the template uses.

Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html. Its expressions have Python's
syntax, so Python's parser reads them; anything not listed below is rejected.
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from local_stack.dashboard.lines import Line

type Value = float | str | Line | list[Line]
"""A number, a string, a time series or an array of time series."""

_OPERATORS: Mapping[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.GtE: operator.ge,
}


class MetricMathError(ValueError):
    """An invalid or unsupported expression; the message names the part."""


class Terms(Protocol):
    """The values that an expression can refer to."""

    period: int
    """The period in seconds."""
    count: int
    """The number of values of a time series."""

    def named(self, identifier: str) -> Value:
        """The value with this id.

        Raises:
            MetricMathError: the id is not defined.
        """

    def metrics(self) -> list[Line]:
        """The lines of METRICS(): all entries that are not expressions."""

    def search(self, query: str, statistic: str) -> list[Line]:
        """The lines of a SEARCH expression."""


def evaluate(expression: str, terms: Terms) -> Value:
    """Evaluates an expression.

    Raises:
        MetricMathError: the expression is invalid or not supported.
    """
    try:
        tree = ast.parse(expression, mode="eval")
    except SyntaxError as error:
        raise MetricMathError(f"{expression}: {error.msg}") from None
    return _Evaluation(expression, terms).value(tree.body)


class _Evaluation:
    def __init__(self, expression: str, terms: Terms) -> None:
        self._expression = expression
        self._terms = terms

    def value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=int() | float() | str() as constant) if not isinstance(constant, bool):
                return constant
            case ast.Name(id=identifier):
                return self._terms.named(identifier)
            case ast.List(elts=elements):
                return [line for element in elements for line in self._lines(self.value(element))]
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
                return self._combined(_OPERATORS[type(sign)], self.value(left), self.value(right))
            case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign) in _OPERATORS:
                return self._combined(_OPERATORS[type(sign)], self.value(left), self.value(right))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, [self.value(argument) for argument in arguments])
        raise self._error(ast.unparse(node))

    def _call(self, name: str, arguments: Sequence[Value]) -> Value:
        match name, *arguments:
            case "SEARCH", str(query), str(statistic):
                return self._terms.search(query, statistic)
            case ("METRICS",):
                return list(self._terms.metrics())
            case "PERIOD", Line():
                return float(self._terms.period)
            case _:
                return self._line(name, arguments)

    def _line(self, name: str, arguments: Sequence[Value]) -> Line:
        match name, *arguments:
            case (("SUM" | "MAX"), [*lines]):
                return _each_period(lines or [self._nothing], sum if name == "SUM" else max)
            case "FILL", Line() as line, int() | float() as filling:
                return replace(line, values=tuple(filling if value is None else value for value in line.values))
            case "IF", Line() as condition, chosen, otherwise:
                return self._chosen(condition, chosen, otherwise)
        raise self._error(f"{name} of {len(arguments)}")

    @property
    def _nothing(self) -> Line:
        """The result of combining an empty array of time series."""
        return Line((None,) * self._terms.count)

    def _chosen(self, condition: Line, chosen: Value, otherwise: Value) -> Line:
        size = len(condition.values)
        both = zip(condition.values, self._spread(chosen, size), self._spread(otherwise, size), strict=True)
        return Line(tuple(None if test is None else (yes if test else no) for test, yes, no in both))

    def _combined(self, apply: Callable[[float, float], float], left: Value, right: Value) -> Value:
        if isinstance(left, int | float) and isinstance(right, int | float):
            return apply(left, right)
        if not (isinstance(left, Line) or isinstance(right, Line)):
            raise self._error("an operator between arrays")
        size = max(len(side.values) for side in (left, right) if isinstance(side, Line))
        pairs = zip(self._spread(left, size), self._spread(right, size), strict=True)
        return Line(tuple(_applied(apply, one, other) for one, other in pairs))

    def _spread(self, value: Value, size: int) -> Sequence[float | None]:
        if isinstance(value, Line):
            return value.values
        if isinstance(value, int | float):
            return [value] * size
        raise self._error("an array or a string in place of a number")

    def _lines(self, value: Value) -> list[Line]:
        if isinstance(value, Line):
            return [value]
        if isinstance(value, list):
            return value
        raise self._error("an array of values other than time series")

    def _error(self, what: str) -> MetricMathError:
        return MetricMathError(f"{what} is not supported by the local stack, in {self._expression}")


def _applied(apply: Callable[[float, float], float], one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return None
    try:
        return float(apply(one, other))
    except ZeroDivisionError:
        return None


def _each_period(lines: Sequence[Line], combine: Callable[[list[float]], float]) -> Line:
    """Combines the values of each period; missing values are ignored."""
    periods = (
        [value for value in values if value is not None]
        for values in zip(*(line.values for line in lines), strict=True)
    )
    combined = tuple(combine(values) if values else None for values in periods)
    return Line(combined, lines[0].unit, lines[0].counted)
