"""Why a rehearsal has no verdict of zero downtime."""


class UsageError(Exception):
    """The rehearsal cannot begin with these options, or a tool is missing."""


class MigrationIncompleteError(Exception):
    """The migration stopped before its end."""
