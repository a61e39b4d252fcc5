"""What goes wrong: stores, and the processes that serve streams."""

from collections.abc import Callable

from simulation.engine.process import Process
from simulation.plan import Action, Kind
from simulation.record import Record
from simulation.users import Users
from simulation.world.conditions import Conditions, Fault, Window
from simulation.world.world import World

_REDIS = {
    Kind.REDIS_DOWN: Fault.DOWN,
    Kind.REDIS_PARTITION: Fault.DOWN,
    Kind.REDIS_FAILS: Fault.FAILS,
    Kind.REDIS_LOSES_ANSWERS: Fault.LOSES_ANSWERS,
    Kind.REDIS_SLOW: Fault.SLOW,
    Kind.REDIS_FULL: Fault.FULL,
}
_DATABASE = {
    Kind.DB_DOWN: Fault.DOWN,
    Kind.DB_PARTITION: Fault.DOWN,
    Kind.DB_FAILS: Fault.FAILS,
    Kind.DB_LOSES_ANSWERS: Fault.LOSES_ANSWERS,
    Kind.DB_SLOW: Fault.SLOW,
}
_WHOLE = {Fault.DOWN, Fault.FULL}


class Faults:
    """Carries out the faults of a plan."""

    def __init__(self, world: World, users: Users, record: Record) -> None:
        self.actions: dict[Kind, Callable[[Action], None]] = {
            **dict.fromkeys((*_REDIS, *_DATABASE), self._store_fails),
            Kind.FREEZE: self._freeze,
            Kind.KILL: self._kill,
            Kind.FREEZE_EARLY: self._freeze_early,
            Kind.KILL_EARLY: self._kill_early,
            Kind.FREEZE_ATTACHING: self._freeze_attaching,
            Kind.SIGTERM: self._sigterm,
            Kind.DEPLOY: self._deploy,
            Kind.REDIS_LOSES_ALL: self._lose_all,
            Kind.REDIS_EVICTS: self._evict,
        }
        self._world = world
        self._users = users
        self._record = record

    def heal(self) -> None:
        """Everything works from here on."""
        self._record.note("-", "everything works from here on")
        self._world.database.heal()
        self._world.redis.heal()
        for host in self._world.processes:
            if host.process.frozen:
                self._world.loop.thaw(host.process)

    def _store_fails(self, action: Action) -> None:
        conditions: Conditions = self._world.redis if action.kind in _REDIS else self._world.database
        fault = _REDIS.get(action.kind) or _DATABASE[action.kind]
        process = None
        if action.kind in {Kind.REDIS_PARTITION, Kind.DB_PARTITION}:
            host = self._world.serving(self._users.sessions.get(action.ask, ""))
            if host is None:
                return
            process = host.process
        self._record.note("-", f"{action.kind} for {action.seconds} s" + (f": {process.name}" if process else ""))
        share = 1.0 if fault in _WHOLE else action.share
        conditions.begin(Window(fault, self._world.loop.time() + action.seconds, share, process))
        self._world.log.cut()

    def _freeze(self, action: Action) -> None:
        if (host := self._world.serving(self._users.sessions.get(action.ask, ""))) is None:
            return
        self._record.happened(action, host.process.name, f"{action.kind} for {action.seconds} s")
        self._world.loop.freeze(host.process)
        self._world.loop.call_later(action.seconds, self._world.loop.thaw, host.process)

    def _kill(self, action: Action) -> None:
        if (host := self._world.serving(self._users.sessions.get(action.ask, ""))) is not None:
            self._record.happened(action, host.process.name)
            self._world.kill(host)

    def _freeze_early(self, action: Action) -> None:
        self._users.early[action.ask] = self._freezing(action)

    def _freeze_attaching(self, action: Action) -> None:
        self._users.attaching[action.ask] = self._freezing(action)

    def _freezing(self, action: Action) -> Callable[[Process], None]:
        def freeze(process: Process) -> None:
            if not process.dead:
                self._record.happened(action, process.name, f"{action.kind}, for {action.seconds} s")
                self._world.loop.freeze(process)
                self._world.loop.call_later(action.seconds, self._world.loop.thaw, process)

        return freeze

    def _kill_early(self, action: Action) -> None:
        def kill(process: Process) -> None:
            if not process.dead:
                self._record.happened(action, process.name)
                self._world.kill(self._world.host_of(process))

        self._users.early[action.ask] = kill

    def _sigterm(self, action: Action) -> None:
        if (host := self._world.serving(self._users.sessions.get(action.ask, ""))) is not None:
            self._record.happened(action, host.process.name)
            host.retired = True
            host.context.run(host.stopping.set)
            self._world.loop.call_later(0.5, self._world.kill, host)

    def _deploy(self, action: Action) -> None:
        self._record.happened(action, "-")
        self._world.deploy()

    def _lose_all(self, action: Action) -> None:
        self._record.happened(action, "-")
        self._world.redis.disturbed(1.0)
        self._world.log.lose_all()
        self._world.flight.lose_all()
        self._world.cache.answers.clear()

    def _evict(self, action: Action) -> None:
        if (session_id := self._users.sessions.get(action.ask)) is not None:
            self._record.happened(action, "-")
            self._world.redis.disturbed(1.0)
            self._world.log.lose_entries(session_id)
