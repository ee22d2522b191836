"""What bench and rehearsal share: processes, PostgreSQL, the packaged program."""
