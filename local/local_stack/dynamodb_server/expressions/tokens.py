"""The tokenizer of expressions."""

import re

from local_stack.dynamodb_server.errors import DynamoDBError, invalid
from local_stack.dynamodb_server.expressions.paths import Path

_TOKEN = re.compile(r"\s*(?:([#:][A-Za-z0-9_]+)|([A-Za-z_][A-Za-z0-9_]*)|(\d+)|(<>|<=|>=|[=<>()\[\],.+-]))")
_END = "<EOF>"


class Tokens:
    """An expression's tokens and the current position."""

    def __init__(self, text: str, kind: str) -> None:
        """`kind` is the parameter's name, such as `ConditionExpression`.

        Raises:
            DynamoDBError: the text is empty or has a character that no token starts with.
        """
        self.kind = kind
        self.attributes: set[str] = set()
        """The top-level attributes (or their placeholders) of the paths parsed so far."""
        self._tokens: list[str] = []
        self._at = 0
        end, text = 0, text.rstrip()
        if not text:
            raise self.error("The expression can not be empty;")
        while end < len(text):
            match = _TOKEN.match(text, end)
            if match is None:
                raise self.error(f'Syntax error; token: "{text[end:].strip()[0]}", near: "{text[end : end + 20]}"')
            self._tokens.append(match[match.lastindex or 0])
            end = match.end()

    @property
    def placeholders(self) -> frozenset[str]:
        """All `#names` and `:values` in the expression."""
        return frozenset(token for token in self._tokens if token[0] in "#:")

    @property
    def next(self) -> str:
        """The next token, without consuming it."""
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    @property
    def after_next(self) -> str:
        return self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else _END

    def take(self) -> str:
        """Consumes the next token."""
        token = self.next
        self._at += 1
        return token

    def take_if(self, *wanted: str) -> str | None:
        """Consumes the next token if it is one of these, ignoring case; returns it in upper case."""
        token = self.next.upper()
        if token in wanted:
            self._at += 1
            return token
        return None

    def expect(self, wanted: str) -> None:
        """Consumes this token; raises DynamoDBError for any other."""
        if self.take_if(wanted) is None:
            raise self.syntax_error()

    def expect_end(self) -> None:
        """Raises DynamoDBError if tokens are left."""
        if self.next != _END:
            raise self.syntax_error()

    def path(self) -> Path:
        """Consumes a document path."""
        attribute = self._name()
        self.attributes.add(attribute)
        parts: list[str | int] = [attribute]
        while self.next in {".", "["}:
            if self.take() == ".":
                parts.append(self._name())
                continue
            index = self.take()
            if not index.isdigit():
                raise self.syntax_error(back=1)
            parts.append(int(index))
            self.expect("]")
        return tuple(parts)

    def syntax_error(self, *, back: int = 0) -> DynamoDBError:
        """An error about the next token, or the one `back` tokens before it."""
        at = self._at - back
        token = self._tokens[at] if at < len(self._tokens) else _END
        near = " ".join(self._tokens[max(0, at - 1) : at + 2])
        return self.error(f'Syntax error; token: "{token}", near: "{near}"')

    def error(self, message: str) -> DynamoDBError:
        return invalid(f"Invalid {self.kind}: {message}")

    def _name(self) -> str:
        token = self.next
        if not (token[0] == "#" or token[0] == "_" or token[0].isalpha()):
            raise self.syntax_error()
        return self.take()
