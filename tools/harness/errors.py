"""Why a tool cannot go on."""


class HarnessError(Exception):
    """The message says what failed; the tools print it and exit with status 1."""
