"""The writer of the conformance suite (helpers/README.md): commands in lines of words, an answer each."""
import os
import sys

import psycopg
from fence import Fence

OLD = "id, lower(old_status) AS status"
NEW = "id, status"
CREATE = [
    f"INSERT INTO shop_orders (user_id, amount, {columns}) SELECT 7, 12.5, {values} FROM fence RETURNING id"
    for columns, values in [
        ("old_status", "upper(%(status)s)"),
        ("old_status, status", "upper(%(status)s), %(status)s"),
        ("old_status, status", "upper(%(status)s), %(status)s"),
        ("status", "%(status)s"),
    ]
]
CHANGE = [
    f"UPDATE shop_orders SET {columns} FROM fence WHERE id = %(id)s RETURNING id"
    for columns in [
        "old_status = upper(%(status)s)",
        "old_status = upper(%(status)s), status = %(status)s",
        "old_status = upper(%(status)s), status = %(status)s",
        "status = %(status)s",
    ]
]
READ = [f"SELECT {order} FROM shop_orders, fence WHERE id = %(id)s" for order in (OLD, OLD, NEW, NEW)]


class Driver:
    def __init__(self):
        self.fence = Fence("shop-order-status")
        self.connect()

    def connect(self):
        self.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)

    def first(self, variants, column, **values):
        rows = self.fence.send(self.connection, variants, values)
        return rows[0][column] if rows else None

    def create(self, status):
        return self.first(CREATE, "id", status=status)

    def change(self, id, status):
        return self.first(CHANGE, "id", id=int(id), status=status)

    def read(self, id):
        return self.first(READ, "status", id=int(id))

    def heartbeat(self, instance, phase):
        self.fence.heartbeat(self.connection, instance, int(phase))
        return instance

    def begin(self, *level):
        self.connection.execute("BEGIN ISOLATION LEVEL " + " ".join(level))
        return " ".join(level)

    def commit(self):
        return self.connection.execute("COMMIT").statusmessage

    def rollback(self):
        return self.connection.execute("ROLLBACK").statusmessage

    def answer(self, command, *words):
        try:
            if self.connection.closed:
                self.connect()
            value = getattr(self, command)(*words)
            return "none" if value is None else f"ok {value}"
        except Exception as failure:  # the suite judges it
            return f"error {failure!r}"


driver = Driver()
for line in sys.stdin:
    print(driver.answer(*line.split()).replace("\n", " "), flush=True)
