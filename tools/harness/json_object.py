"""The type of an object that is read from JSON or written as JSON."""
from typing import Any

JsonObject = dict[str, Any]
