"""Who may read a session, in which role, and one client's stream."""
