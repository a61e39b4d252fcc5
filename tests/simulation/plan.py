"""What a seed draws: users' questions, their clients' actions, and the faults with their times."""

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random


class Kind(StrEnum):
    """What an action is."""

    ASK = "asks"
    NEVER_OPENS = "never opens the stream"
    CUT = "loses the connection"
    RELOAD = "reloads the page"
    OPEN_AGAIN = "opens the stream in another tab"
    STOP = "stops the answer"
    LEAVE = "leaves for good"
    TRY_AGAIN = "asks for another answer"
    HISTORY = "reads the history"
    FREEZE = "process freezes"
    KILL = "process is killed"
    FREEZE_EARLY = "process freezes as it begins to produce"
    KILL_EARLY = "process is killed as it begins to produce"
    FREEZE_ATTACHING = "process freezes between its slot and its attach"
    SIGTERM = "process is told to stop, then killed"
    DEPLOY = "new version is deployed"
    CLEANUP = "cleanup runs"
    REDIS_DOWN = "Redis is down"
    REDIS_PARTITION = "Redis is down for one process"
    REDIS_FAILS = "Redis refuses some calls"
    REDIS_LOSES_ANSWERS = "Redis's answers get lost"
    REDIS_SLOW = "Redis is slow"
    REDIS_FULL = "Redis is full"
    REDIS_LOSES_ALL = "Redis loses its data"
    REDIS_EVICTS = "Redis evicts a log"
    DB_DOWN = "DynamoDB is down"
    DB_PARTITION = "DynamoDB is down for one process"
    DB_FAILS = "DynamoDB refuses some calls"
    DB_LOSES_ANSWERS = "DynamoDB's answers get lost"
    DB_SLOW = "DynamoDB is slow"


@dataclass(frozen=True, slots=True)
class Action:
    """Something that happens at a time (seconds of the run); `ask` says to which question's session."""

    at: float
    kind: Kind
    ask: int = -1
    seconds: float = 0.0
    share: float = 1.0
    user: str = ""
    chat: str = ""
    question: str = ""
    use_cache: bool = True
    keeps: bool = False
    """Of a page that reloads: it knows what it has shown."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run."""

    seed: str
    has_redis: bool
    scope_to_user: bool
    timeout_seconds: float
    streams_per_process: int
    requests_per_minute: int
    actions: tuple[Action, ...]
    variant: str = ""
    """Another one is the same plan with other latencies, and another order of what happens at the same time."""

    def without(self, dropped: set[int]) -> "Plan":
        """The same without the actions at these places."""
        kept = tuple(action for at, action in enumerate(self.actions) if at not in dropped)
        return replace(self, actions=kept)


ASK_SECONDS = 12.0
"""Questions are asked within this time."""
FAULT_SECONDS = 30.0
"""What goes wrong begins within this time."""

_FAULTS = (
    (Kind.FREEZE, 10),
    (Kind.KILL, 10),
    (Kind.FREEZE_EARLY, 8),
    (Kind.KILL_EARLY, 4),
    (Kind.SIGTERM, 3),
    (Kind.DEPLOY, 2),
    (Kind.CLEANUP, 2),
    (Kind.REDIS_DOWN, 3),
    (Kind.REDIS_PARTITION, 3),
    (Kind.REDIS_FAILS, 2),
    (Kind.REDIS_LOSES_ANSWERS, 3),
    (Kind.REDIS_SLOW, 2),
    (Kind.REDIS_FULL, 2),
    (Kind.REDIS_LOSES_ALL, 3),
    (Kind.REDIS_EVICTS, 2),
    (Kind.DB_DOWN, 3),
    (Kind.DB_PARTITION, 3),
    (Kind.DB_FAILS, 3),
    (Kind.DB_LOSES_ANSWERS, 4),
    (Kind.DB_SLOW, 2),
)
_OF_PROCESSES = {Kind.FREEZE, Kind.KILL, Kind.SIGTERM, Kind.REDIS_PARTITION, Kind.DB_PARTITION, Kind.REDIS_EVICTS}
"""What goes wrong while an answer is written, or it is nothing."""


def draw(seed: int | str) -> Plan:
    """The plan of a seed."""
    random = Random(f"plan/{seed}")
    asks = _asks(random)
    actions: list[Action] = []
    for number, ask in enumerate(asks):
        actions += _of_clients(random, number, ask)
    for _ in range(random.choice((0, 0, 1, 2, 3, 5, 8))):
        actions.append(_fault(random, asks))
    if random.random() < 0.15:
        actions += _one_store_after_the_other(random, asks)
    if random.random() < 0.08:
        actions += _stopped_leader(random, asks)
    if random.random() < 0.08:
        actions += _contended_slots(random, asks)
    if random.random() < 0.05:
        actions += _late_attach(random, asks)
    actions += _lapsed_producer(Random(f"lapsed/{seed}"), asks)
    return Plan(
        seed=str(seed),
        has_redis=random.random() < 0.85,
        scope_to_user=random.random() < 0.7,
        timeout_seconds=random.choice((300.0, 300.0, 300.0, 20.0)),
        streams_per_process=random.choice((1, 1, 3)),
        requests_per_minute=random.choice((20, 20, 20, 20, 3)),
        actions=tuple(sorted([*asks, *actions], key=lambda action: action.at)),
    )


def _asks(random: Random) -> list[Action]:
    users = ["alice", "bob", "carol"][: random.choice((1, 2, 3))]
    times = sorted(random.random() * random.choice((1.0, ASK_SECONDS)) for _ in range(random.choice((2, 4, 6, 8))))
    asks = []
    for number, at in enumerate(times):
        user = random.choice(users)
        common = random.random() < 0.45
        asks.append(
            Action(
                at,
                Kind.ASK,
                ask=number,
                user=user,
                chat=f"{user}-{number if common or random.random() < 0.7 else 'long'}",
                question=f"common {random.randrange(2)}" if common else f"{user} {number}",
                use_cache=random.random() < 0.9,
            )
        )
    if random.random() < 0.1:
        asks.append(replace(asks[-1], at=asks[-1].at + 1, ask=len(asks), question="/models", chat="commands"))
    return asks


def _of_clients(random: Random, number: int, ask: Action) -> list[Action]:
    def later(kind: Kind, least: float, most: float, *, keeps: bool = False) -> Action:
        at = ask.at + least + (most - least) * random.random()
        return Action(at, kind, ask=number, user=ask.user, keeps=keeps)

    if random.random() < 0.04:
        return [Action(ask.at, Kind.NEVER_OPENS, ask=number, user=ask.user)]
    actions = [later(Kind.CUT, 0.05, random.choice((1.0, 8.0))) for _ in range(random.choice((0, 0, 0, 1, 2)))]
    if random.random() < 0.2:
        actions.append(later(Kind.RELOAD, 0.1, 8.0, keeps=random.random() < 0.5))
    if random.random() < 0.35:
        actions.append(later(Kind.OPEN_AGAIN, 0.0, random.choice((0.3, 6.0, 40.0))))
    if random.random() < 0.08:
        actions.append(later(Kind.LEAVE, 0.1, 6.0))
    if random.random() < 0.12:
        actions.append(later(Kind.STOP, 0.0, 6.0))
    if random.random() < 0.15:
        actions.append(later(Kind.TRY_AGAIN, 0.0, 12.0))
    if random.random() < 0.25:
        actions.append(later(Kind.HISTORY, 0.0, 10.0))
    return actions


def _one_store_after_the_other(random: Random, asks: list[Action]) -> list[Action]:
    """A long answer with a second reader; first one store fails for a moment, and then the other for long."""
    ask = asks[0] = replace(asks[0], question=f"long {asks[0].question}")
    first, second = random.choice(((Kind.REDIS_DOWN, Kind.DB_DOWN), (Kind.DB_DOWN, Kind.REDIS_DOWN)))
    return [
        Action(ask.at + 0.5, Kind.OPEN_AGAIN, ask=ask.ask, user=ask.user),
        Action(ask.at + 1.0 + random.random(), first, ask=ask.ask, seconds=0.3),
        Action(ask.at + 3.5 + random.random(), second, ask=ask.ask, seconds=9.0),
    ]


def _stopped_leader(random: Random, asks: list[Action]) -> list[Action]:
    """Two equal questions at once; Redis fails for the leader's process, and its user stops it."""
    leader = replace(asks[-1], ask=len(asks), question="common long", chat="leader", use_cache=True)
    follower = replace(leader, ask=len(asks) + 1, chat="follower", at=leader.at + 0.3)
    asks += [leader, follower]
    at = leader.at + 0.6 + random.random()
    fails = random.choice(
        (
            Action(at, Kind.REDIS_PARTITION, ask=leader.ask, seconds=9.0),
            Action(at, Kind.REDIS_FAILS, seconds=1.2, share=0.5),
        )
    )
    return [fails, Action(at + 0.1, Kind.STOP, ask=leader.ask, user=leader.user)]


def _contended_slots(random: Random, asks: list[Action]) -> list[Action]:
    """All slots of a user are held by dead processes; new questions come as their leases end."""
    first = asks[0]
    dead = [
        replace(first, ask=len(asks) + n, question=f"slots {n}", chat=f"slots-{n}", use_cache=False) for n in (0, 1)
    ]
    asks += dead
    new = [
        replace(dead[0], ask=len(asks) + n, question=f"new {n}", chat=f"new-{n}", at=first.at + 5.9 + random.random())
        for n in (0, 1)
    ]
    asks += new
    return [Action(first.at, Kind.KILL_EARLY, ask=ask.ask) for ask in dead]


def _late_attach(random: Random, asks: list[Action]) -> list[Action]:
    """A process freezes between taking a slot and attaching; others get the slot, and then it thaws."""
    first = asks[0]
    late, other, new = (
        replace(first, ask=len(asks) + n, question=f"long {name}", chat=name, use_cache=False, at=first.at + at)
        for n, (name, at) in enumerate((("late", 0.0), ("other", 6.0), ("new", 10.7 + random.random())))
    )
    asks += [late, other, new]
    return [Action(late.at, Kind.FREEZE_ATTACHING, ask=late.ask, seconds=13.0)]


def _lapsed_producer(random: Random, asks: list[Action]) -> list[Action]:
    """A process freezes and thaws while DynamoDB is down; another takes over as the first gives up."""
    if random.random() > 0.04:
        return []
    first = asks[0]
    frozen, *new = (
        replace(first, ask=len(asks) + n, question=f"long {name}", chat=name, use_cache=False, at=first.at + at)
        for n, (name, at) in enumerate(
            (("frozen", 0.0), ("next", 11.9 + random.random()), ("last", 12.2 + random.random()))
        )
    )
    asks += [frozen, *new]
    return [
        Action(frozen.at, Kind.FREEZE_EARLY, ask=frozen.ask, seconds=9.0),
        Action(frozen.at + 0.5, Kind.OPEN_AGAIN, ask=frozen.ask, user=frozen.user),
        Action(frozen.at + 3.3 + random.random(), Kind.DB_DOWN, seconds=9.0),
    ]


def _fault(random: Random, asks: list[Action]) -> Action:
    kinds, weights = zip(*_FAULTS, strict=True)
    kind = random.choices(kinds, weights)[0]
    ask = random.choice(asks)
    hits_process = kind in _OF_PROCESSES
    if kind in {Kind.FREEZE_EARLY, Kind.KILL_EARLY}:
        return Action(ask.at, kind, ask=ask.ask, seconds=random.choice((1.5, 9.0, 9.0)))
    return Action(
        ask.at + 0.05 + random.random() * random.choice((0.3, 2.0, 5.0))
        if hits_process
        else random.random() * random.choice((6.0, FAULT_SECONDS)),
        kind,
        ask=ask.ask,
        seconds=random.choice((0.3, 1.5, 4.0, 9.0)),
        share=random.choice((0.1, 0.4, 0.9)),
    )
