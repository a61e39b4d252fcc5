"""A DynamoDB on one machine: the operations and expressions that applications use, in one process, from memory.

    handler (HTTP)  ->  operations  ->  database (tables, indexes)  ->  journal (a file, if it is to last)
                            |
                    expressions (conditions, updates, projections, keys)

One request is answered at a time, so each is atomic. Stored items are never changed in place: a write puts a new one in
the place of the old, so a transaction is decided on the items as they are and needs no undoing.

What is not imitated: capacity and throttling, streams, backups, PartiQL, the parameters from before expressions, the
list of reserved words, and eventual consistency.
"""
