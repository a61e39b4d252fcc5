"""What the functions use: DynamoDB, Redis, providers; and where they keep their data."""
