from __future__ import annotations

import os
import tempfile
import unittest

from rehearsal.errors import UsageError
from rehearsal.http_client import fill_in, member, parse_request
from rehearsal.own_preparation import read_traffic
from rehearsal.script import Script, parse_script

SQL = """-- Statements of a service.
-- @table purchases
-- @key id
-- @old lower(old_status)
-- @new status
-- @values pending, paid

-- @create
INSERT INTO purchases (old_status) VALUES (upper(:'value')) RETURNING id;
-- @change 3
-- the usual one
UPDATE purchases SET old_status = upper(:'value')
WHERE id = :'key' RETURNING id;
-- @read
SELECT lower(old_status) FROM purchases WHERE id = :'key';
"""
HTTP = """# @table shop."Order"
# @key id
# @old a
# @new b
# @answer-key order.id
# @answer-value status

### @create 2
# an order
POST /orders?source={{uuid}}
Content-Type: application/json
Idempotency-Key: {{uuid}}

{"status": "{{value}}"}

### @read
GET /orders/{{key}}
"""


def parse(text: str, language: str = "sql") -> Script:
    return parse_script("traffic." + language, language, text.splitlines())


class ScriptTest(unittest.TestCase):
    def test_says_what_is_sent_and_how_a_row_is_read(self) -> None:
        script = parse(SQL)
        self.assertEqual(("purchases", "id"), (script.table, script.key))
        self.assertEqual(["pending", "paid"], script.values)
        self.assertEqual([("create", 1), ("change", 3), ("read", 1)],
                         [(each.kind, each.weight) for each in script.statements])
        self.assertEqual("-- the usual one\nUPDATE purchases SET old_status = upper(:'value')\n"
                         "WHERE id = :'key' RETURNING id;", script.of_kind("change")[0].text)

    def test_the_side_that_readers_are_given(self) -> None:
        script = parse(SQL)
        self.assertEqual(["lower(old_status)"] * 2 + ["status"] * 2,
                         [script.side(phase) for phase in range(4)])

    def test_refuses_what_is_not_whole(self) -> None:
        for text, words in (
                (SQL.replace("-- @key id\n", ""), "@key is missing"),
                (SQL.replace("@table", "@tabel"), "traffic.sql:2: @tabel is none of @table"),
                (SQL.replace("-- @change 3", "-- @change often"), "takes a weight"),
                (SQL.replace(":'key'", ":key"), "traffic.sql:10: @change must use :'key'"),
                (SQL.replace("pending, paid", "paid, paid"), "two different values"),
                (SQL + "-- @old x\n", "traffic.sql:16: @old stands once"),
                (SQL + "-- @read\n", "traffic.sql:16: @read has no statement"),
                (SQL.partition("-- @create")[0], "@create or @change is missing")):
            with self.subTest(words), self.assertRaises(UsageError) as refused:
                parse(text)
            self.assertIn(words, str(refused.exception))

    def test_an_answer_needs_the_names_of_its_members(self) -> None:
        for word in ("answer-key", "answer-value"):
            with self.assertRaisesRegex(UsageError, f"@{word} is missing"):
                parse("".join(line + "\n" for line in HTTP.splitlines() if word not in line),
                      "http")

    def test_refuses_a_variable_that_is_not_known(self) -> None:
        with self.assertRaisesRegex(UsageError, r"\{\{id\}\} is none of \{\{key\}\}"):
            parse(HTTP.replace("{{uuid}}", "{{id}}"), "http")

    def test_refuses_a_request_before_it_is_sent(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "traffic.http")
            with open(path, "w", encoding="utf-8") as file:
                file.write(HTTP.replace("GET /orders", "orders"))
            with self.assertRaisesRegex(UsageError, "traffic.http:16: .* is not a method and"):
                read_traffic(path)
            with self.assertRaisesRegex(UsageError, "must end in .sql or .http"):
                read_traffic(os.path.join(directory, "traffic.js"))


class RequestTest(unittest.TestCase):
    def test_has_its_parts(self) -> None:
        request = parse_request(parse(HTTP, "http").of_kind("create")[0].text)
        self.assertEqual(("POST", "/orders?source={{uuid}}"), (request.method, request.path))
        self.assertEqual("application/json", request.headers["Content-Type"])
        self.assertEqual('{"status": "{{value}}"}', request.body)

    def test_variables_are_encoded_where_they_stand(self) -> None:
        request = parse_request('PUT /orders/{{key}}\nX-Key: {{key}}\n\n{"status": "{{value}}"}')
        filled = fill_in(request, "a/b c", 'say "yes"')
        self.assertEqual("/orders/a%2Fb%20c", filled.path)
        self.assertEqual("a/b c", filled.headers["X-Key"])
        self.assertEqual('{"status": "say \\"yes\\""}', filled.body)

    def test_a_member_of_an_answer_is_text(self) -> None:
        text = '{"order": {"id": 17, "paid": true, "note": null}, "status": "paid"}'
        self.assertEqual("17", member(text, "order.id"))
        self.assertEqual("true", member(text, "order.paid"))
        self.assertEqual("paid", member(text, "status"))
        for path in ("", "order", "order.note", "order.none", "status.x", "nothing"):
            self.assertIsNone(member(text, path), path)
        self.assertIsNone(member("<html>", "status"))
