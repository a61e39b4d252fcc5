"""The response cache in memory; it can be made to fail."""

from chat.sharing.response_cache import CachedAnswer


class MemoryResponseCache:
    """A dictionary that never forgets."""

    def __init__(self) -> None:
        self.answers: dict[str, CachedAnswer] = {}
        self.failing = False

    async def get(self, key: str) -> CachedAnswer | None:
        return None if self.failing else self.answers.get(key)

    async def put(self, key: str, answer: CachedAnswer) -> None:
        if not self.failing:
            self.answers[key] = answer
