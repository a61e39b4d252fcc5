"""The API's operations: each takes a request and returns the response, or raises `DynamoDBError`."""
