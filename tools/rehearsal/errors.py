"""Why there is no verdict."""


class Usage(Exception):
    """Nothing was begun: what was asked for cannot be done."""


class Incomplete(Exception):
    """The migration stopped half way."""
