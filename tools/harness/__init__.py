"""What bench and rehearsal share: processes, a PostgreSQL server, the packaged program.

It imports neither of them.
"""
