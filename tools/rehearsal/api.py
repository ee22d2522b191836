"""The operators' API, by way of whichever instance answers."""
import base64
import json
import urllib.error
import urllib.request

from .errors import Incomplete

MIGRATION = "/migrations/orders-status"


class Api:
    def __init__(self, fleet, password):
        self.fleet = fleet
        token = base64.b64encode(f"operator:{password}".encode()).decode()
        self.headers = {"Authorization": "Basic " + token, "Accept": "application/json"}

    def status(self):
        return self.call("GET", "")

    def history(self):
        """The oldest first."""
        return list(reversed(self.call("GET", "/history")))

    def post(self, path):
        return self.call("POST", path, seconds=120)

    def call(self, method, path, seconds=10):
        last = None
        for instance in self.fleet.instances:
            try:
                return self.send(instance, method, path, seconds)
            except urllib.error.HTTPError as answer:
                text = answer.read().decode("utf-8", "replace")
                raise Incomplete(f"{method} {MIGRATION}{path} was answered {answer.code}: "
                                 + detail(text)) from None
            except (urllib.error.URLError, OSError) as failure:
                last = failure
                if method != "GET" and instance.alive():
                    break
        raise Incomplete(f"no instance answers {method} {MIGRATION}{path}: {last}")

    def send(self, instance, method, path, seconds):
        request = urllib.request.Request(
            instance.url + MIGRATION + path, method=method, headers=self.headers)
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            text = answer.read()
        return json.loads(text) if text else None


def detail(text):
    try:
        problem = json.loads(text)
    except ValueError:
        return text[:300]
    gates = [f"{g['gate']} is closed: {g['reason']}" for g in problem.get("gates", [])]
    return "; ".join([problem.get("detail", ""), *gates])
