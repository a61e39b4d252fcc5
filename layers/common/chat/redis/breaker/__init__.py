"""When Redis is used, and how long a call may take."""
