"""An in-memory DynamoDB in one process: the operations and expressions that applications use.

    handler (HTTP)  ->  operations  ->  database (tables, indexes)  ->  journal (an optional file)
                            |
                    expressions (conditions, updates, projections, keys)

The server handles one request at a time, so each request is atomic. Stored items are immutable: a write replaces the
item. A transaction evaluates all its conditions before it writes, so it needs no rollback.

Not emulated: capacity and throttling, streams, backups, PartiQL, the legacy parameters that expressions replaced,
reserved words, and eventual consistency.
"""
