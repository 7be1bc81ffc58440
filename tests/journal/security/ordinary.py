"""Ordinary requests: written by hand for what is tricky about them, and made by the thousand."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, urlencode

from .attackers import BROWSER, Request

_VALUES = [
    "O'Brien",
    "D'Angelo's",
    "it's 5 o'clock",
    "rock 'n' roll",
    "Tom & Jerry",
    "select a union representative",
    "drop table tennis",
    "insert coin; update later",
    "union square or bust",
    "1 or 2",
    "10 or 20 items",
    "a=b or c=d",
    "where to eat -- and why",
    "C# developer",
    "C++ #1",
    "price > 10 and price < 20",
    "x <= y",
    "if (a || b) && c",
    "SELECT * FROM users WHERE id = 1",
    "SELECT name FROM t UNION SELECT name FROM u",
    "order by 1",
    "ORDER BY name DESC --",
    "DROP TABLE IF EXISTS tmp;",
    "delete from cart where id = 7",
    "how to use sleep() in mysql",
    "group by having count(*) > 1",
    "<b>bold</b>",
    "<script> tag explained",
    "how does <script src> work",
    "Vec<String>",
    "List<Map<String, Object>>",
    "<T extends Foo>",
    "a < b > c",
    "<3 you",
    "onclick handler react",
    "javascript: the good parts",
    "what is an onerror event",
    "../docs/intro.md",
    "../../README.md",
    "./a/../b",
    "...",
    "wait... what",
    "v1..v2",
    "main...feature",
    "C:\\Users\\ann\\file.txt",
    "/etc/nginx/nginx.conf",
    "/usr/bin/env python",
    "cat photos",
    "cat | dog",
    "ls and cat commands",
    "a|b|c",
    "x;y;z",
    "ping pong",
    "id",
    "whoami",
    "`code`",
    "use `SELECT 1` here",
    "$100",
    "${name}",
    "{{ user.name }}",
    "{{name}}",
    "#{id}",
    "<%= yield %>",
    "50% off",
    "100%25",
    "%",
    "%%",
    "%7Etilde",
    "~user",
    "naïve café",
    "日本語 検索",
    "Ω≈ç√∫",
    "😀 party",
    "\u202eevil",
    "https://example.com/a?b=c&d=e'f",
    "http://localhost:8000/../x",
    "ftp://example.org/pub",
    "mailto:ann@example.com",
    "2024-01-01T00:00:00+00:00",
    "12:30 -- 13:00",
    "1-2-3",
    "'quoted'",
    '"exact phrase"',
    '"a" OR "b"',
    "'a' or 'b'",
    "title:'x' AND body:'y'",
    "(red OR blue) AND shirt",
    "name = 'x' or name = 'y'",
    "status:open OR status:closed",
    "5' 10\" tall",
    "7'",
    "L'Oréal",
    "2 x 4' board",
    "McDonald's--best",
    "rock#1",
    "e = mc^2",
    "f(x) = x; g(x) = y",
    "a && b",
    "foo();bar();",
    "console.log('hi')",
    "eval considered harmful",
    "document.cookie api",
    "echo $HOME",
    "$(document).ready",
    "$(function(){})",
    "$('#id').click()",
    "curl -X POST https://api.example.com",
    "wget vs curl",
    "sh -c explained",
    "bash -c vs sh",
    "1=1",
    "true and false",
    "convert pdf; compress",
    "select()",
    "SELECT 'it''s'",
    "# heading\n\n* item `x`",
    "[link](https://e.com/a'b) -- *note*",
    "| a | b |\n|---|---|",
    "```sql\nSELECT 1;\n```",
    "> quote; and more",
    "admin",
    "root@localhost",
    "-1",
    "-- ",
    "--",
    "#",
    "';",
    "'",
    '"',
    ";",
    "''",
    "%00x",
    "null",
]
_NAMES = [
    "q",
    "search",
    "name",
    "title",
    "comment",
    "filter",
    "id",
    "tag",
    "next",
    "url",
    "path",
    "ref",
    "v",
    "lastname",
    "customer[name]",
]
_FREE_ONLY = {
    "SELECT name FROM t UNION SELECT name FROM u",
}
_PATHS = [
    "/",
    "/api/designs/",
    "/users/o'brien/",
    "/wiki/C++_(language)",
    "/blog/2024/01/it's-here/",
    "/search",
    "/a.b.c/d..e/",
    "/files/report (final).pdf",
    "/docs/select/union/",
    "/r/sql/comments/drop_table/",
    "/tags/c%23/",
    "/日本/東京",
    "/u/~ann/",
    "/compare/main...feature",
    "/repo/blob/main/.env.example",
    "/docs/.well-known/",
    "/.well-known/acme-challenge/x",
    "/static/js/app.3f9d.js",
    "/media/a;v=1/b",
    "/wp-json-docs/",
    "/git/config-guide",
    "/etc/",
    "/etcetera/passwords-howto",
    "/items/1-or-2/",
    "/books/proc/self-help",
    "/download/..hidden",
    "/a/b/../c.html",
    "/matrix;x=1;y=2/",
]
_GRAPHQL = '{ user(id: "7") { name posts(first: 10, orderBy: {field: DATE}) { title ... on Draft { body } } } }'


def by_hand() -> Iterator[Request]:
    """Yield the tricky ones: each value under the names under which people send it, encoded once, as browsers do."""
    for value in _VALUES:
        for name in ("q", "search", "comment") if value in _FREE_ONLY else _NAMES:
            yield "/search", f"{quote_plus(name)}={quote_plus(value)}&page=2", BROWSER
            yield "/search", f"{name}={quote(value)}", BROWSER
    for path in _PATHS:
        yield path, "", BROWSER
        yield quote(path), "utm_source=news&utm_campaign=o%27clock", BROWSER
    yield "/graphql", urlencode({"query": _GRAPHQL, "variables": json.dumps({"a": "it's", "b": [1, 2]})}), BROWSER
    yield "/graphql", urlencode({"query": "mutation($a: [Int!]!) { drop(table: $a) { id } }"}), BROWSER
    yield "/login", urlencode({"next": "/a?b=c&d=../e#f"}), BROWSER
    yield (
        "/oauth",
        urlencode(
            {"redirect_uri": "https://app.example.com/cb?x='y'", "state": base64.b64encode(b"\xff\xfe;'\"").decode()}
        ),
        BROWSER,
    )
    yield "/api/", 'filter={"name":{"$or":["a","b"]},"n":{"$gt":1}}', BROWSER
    yield "/api/", "filter%5Bname%5D=a%27b&sort=-created&include=x%2Cy", BROWSER
    yield (
        "/api/",
        "fields=id,name&expr=(a%20or%20b)%20and%20not%20c&$top=10&$filter=name%20eq%20%27O%27%27Brien%27",
        BROWSER,
    )
    for query in (
        "fields=name|id",
        "rvprop=user|id",
        "sort=created;id",
        "fl=title||id",
        'jql=project = "ABC" and "Team" = "Team A"',
        "path=../guides/windows/install.md",
        "log=../var/log/app.txt",
        "ref=../../etc/hosts.md",
        "reason=rename `id` to `pk`",
        "columns=`id`",
        "file=C:\\Windows\\System32\\kernel32.dll",
    ):
        name, _, value = query.partition("=")
        yield "/api/items", urlencode({name: value}), BROWSER
    yield "/items;id", "", BROWSER
    for agent in (
        "curl/8.5.0",
        "python-requests/2.31",
        "Googlebot/2.1 (+http://www.google.com/bot.html)",
        "Prometheus/2.42.0",
        "",
        "kube-probe/1.29",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "okhttp/4.12.0",
        "sqlalchemy-docs-reader",
    ):
        yield "/api/designs/", "page=1", agent


_WORDS = (  # noqa: SIM905  # words are read more easily than a column of them
    "select from where order union having insert update delete table drop and or not like the quick brown "
    "fox script alert image path file etc passwd admin user password shell cat id whoami O'Brien it's 5' "
    '"quoted" (x) [y] {z} <b> </b> -- ; | & # % $ = 1 2 10 3.14 ../ ./ https://example.com/a?b=c café 日本 '
    "😀 "
).split()


def generated(count: int, seed: int = 7) -> Iterator[Request]:
    """Yield searches of random words, numbers, base64 and JSON, as many as asked for, the same each time."""
    chance = random.Random(seed)
    for number in range(count):
        kind = number % 5
        words = " ".join(chance.choice(_WORDS) for _ in range(chance.randint(1, 8)))
        if kind == 0:
            yield "/search", f"q={quote_plus(words)}&page={number}", BROWSER
        elif kind == 1:
            token = base64.b64encode(chance.randbytes(chance.randint(8, 200))).decode()
            yield "/callback", f"token={quote(token)}&state={chance.getrandbits(64):x}", BROWSER
        elif kind == 2:
            yield "/api/items/", urlencode({"filter": json.dumps({"name": words, "n": number})}), BROWSER
        elif kind == 3:
            yield f"/items/{chance.randint(1, 10**9)}/{quote(words[:30])}/", "", BROWSER
        else:
            yield "/open", urlencode({"url": f"https://example.com/{quote(words)}?a={number}&b=c#d"}), BROWSER


def everything() -> list[Request]:
    """Return all of them."""
    return [*by_hand(), *generated(10_000)]
