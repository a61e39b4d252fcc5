"""Lambda on one machine: processes of functions, invocations, schedules."""
