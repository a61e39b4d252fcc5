"""A Lambda emulator: function processes, invocations, schedules."""
