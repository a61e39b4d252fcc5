"""The operations of the API: each takes a request and returns its answer, or raises `DynamoDBError`."""
