r"""The table of what attacks look like, as expressions over texts in lower case. What is done with it: `patterns`.

Every repetition is bounded, none stands inside of another one, and gaps are possessive: what was taken for a gap is not
given back, so that many gaps in a row cost no more than one. Tests look at each expression, and at what it costs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SQL, SCRIPT, COMMAND, TEMPLATE, TRAVERSAL, TOOL = "sql", "script", "command", "template", "traversal", "tool"


@dataclass(frozen=True)
class Pattern:
    """How something is recognised.

    Attributes:
        kind: Of which attack.
        name: Its own.
        weight: How much it says, from 0 to 1.
        expression: Over texts in lower case.
    """

    kind: str
    name: str
    weight: float
    expression: re.Pattern[str]


def _pattern(kind: str, name: str, weight: float, expression: str) -> Pattern:
    return Pattern(kind, name, weight, re.compile(expression))


_S = r"[\s+]{0,9}+"
_BREAK = r"['\"\x60]" + _S + r"\)?" + _S
"""A string that is closed, and maybe a bracket with it."""
_STATEMENT = (
    r"(?:(?:drop|alter|create|truncate)\s{1,9}+(?:table|database|schema|user|view)|delete\s{1,9}+from|insert\s{1,9}+into"
    r"|update\s{1,9}+\w{1,40}\s{1,9}+set|exec(?:ute)?\s{1,9}+(?:xp_|sp_|master)\w{0,20}|shutdown|declare\s{1,9}+@\w"
    r"|waitfor\s{1,9}+delay)\b"
)

PATTERNS: tuple[Pattern, ...] = (
    # A string is closed, and a query goes on behind it.
    _pattern(SQL, "sql-union", 0.9, _BREAK + r"union\s{1,9}+(?:all\s{1,9}+)?select\b"),
    _pattern(
        SQL, "sql-union-number", 0.85, r"\A-?\d{1,12}" + _S + r"\)?" + _S + r"union\s{1,9}+(?:all\s{1,9}+)?select\b"
    ),
    _pattern(
        SQL,
        "sql-tautology",
        0.9,
        _BREAK
        + r"(?:or|and|\|\||&&)"
        + _S
        + r"\(?"
        + _S
        + r"(['\"]?)(\w{1,20})\1"
        + _S
        + r"(?:=|like)"
        + _S
        + r"['\"]?\2(?!\s?\w)",
    ),
    _pattern(
        SQL,
        "sql-compared",
        0.9,
        _BREAK
        + r"(?:or|and|\|\||&&)\s{1,9}+\(?\s{0,9}+(?:['\"]\w{0,20}['\"]?|\d{1,9})"
        + _S
        + r"(?:=|<|>|like)"
        + _S
        + r"(?:['\"]\w{0,20}(?:\Z|['\"]\s{0,3}+(?:--|#|/\*|;|\)))|\d|convert\()",
    ),
    _pattern(
        SQL,
        "sql-clause",
        0.9,
        _BREAK
        + r"(?:having\s{1,9}+\d{1,4}"
        + _S
        + r"=|group\s{1,9}+by\s{1,9}+[\w.,]{1,60}\s{1,9}+having\b|rlike\s{1,9}+\(?sleep|procedure\s{1,9}+analyse)",
    ),
    _pattern(SQL, "sql-slept", 0.85, r"(?:\bselect|\bif)\s{0,3}+\([^;]{0,40}\b(?:pg_)?sleep\(\d{1,4}\)"),
    _pattern(
        SQL,
        "sql-tautology-number",
        0.85,
        r"\A-?\d{1,12}\)?\s{1,9}+(?:or|and)\s{1,9}+\(?\d{1,9}" + _S + r"=" + _S + r"\d{1,9}\b",
    ),
    _pattern(
        SQL,
        "sql-stacked",
        0.9,
        _BREAK + r";" + _S + _STATEMENT,
    ),
    _pattern(
        SQL,
        "sql-stacked-number",
        0.85,
        r"\A-?\d{1,12}\)?" + _S + r";" + _S + r"" + _STATEMENT,
    ),
    _pattern(SQL, "sql-comment", 0.85, r"\A[\w@. -]{0,40}['\"]\)?" + _S + r"(?:--[\s+-]?\Z|#\Z|/\*\Z)"),
    _pattern(
        SQL,
        "sql-delay",
        0.9,
        r"(?:\A-?\d{1,12}|"
        + _BREAK
        + r")[^a-z]{0,9}+(?:(?:and|or|xor|;)\W{0,9}+)?\W{0,9}+(?:select\s{1,9}+)?\W{0,9}+(?:sleep\(\d|pg_sleep\(\d"
        r"|benchmark\(\d|waitfor\s{1,9}+delay\b|dbms_pipe\.receive_message)",
    ),
    _pattern(
        SQL,
        "sql-order",
        0.8,
        r"(?:\A\d{1,12}\)?|" + _BREAK + r")\s{0,9}+order\s{1,9}+by\s{1,9}+\d{1,4}" + _S + r"(?:--|#)",
    ),
    _pattern(
        SQL, "sql-subquery", 0.85, r"(?:\A-?\d{1,12}|" + _BREAK + r")\s{0,9}+(?:and|or)\b[^=]{0,60}\(\s{0,9}+select\b"
    ),
    _pattern(
        SQL,
        "sql-function",
        0.9,
        r"(?:\A[\w=-]{1,20}\s|"
        + _BREAK
        + r")\s{0,9}+(?:and|or)\b[\W\d]{0,12}+(?:extractvalue|updatexml|load_file|convert|ascii|substring)\s{0,3}+\(",
    ),
    # Markup that breaks out of where it is shown, and runs.
    _pattern(
        SCRIPT,
        "script-break-out",
        0.85,
        r"['\"]" + _S + r"/?>" + _S + r"<(?:script|img|svg|iframe|body|object|embed)\b",
    ),
    _pattern(
        SCRIPT,
        "script-call",
        0.85,
        r"<script[^>]{0,80}>[^<]{0,60}\b(?:alert|prompt|confirm|eval|document\.cookie|document\.location|fetch"
        r"|string\.fromcharcode)\b\W",
    ),
    _pattern(SCRIPT, "script-source", 0.8, r"<script[^>]{0,40}\ssrc\s{0,3}+=\s{0,3}+['\"]?(?:https?:)?//"),
    _pattern(
        SCRIPT,
        "script-handler",
        0.85,
        r"<\w{1,12}[\s/][^>]{0,80}\bon(?:error|load|click|mouseover|focus|toggle|begin|start"
        r"|animationstart)\s{0,3}+=\s{0,3}+['\"]?\s{0,3}+(?:alert|prompt|confirm|eval|fetch|document|window"
        r"|location|this|top|self|javascript:)",
    ),
    _pattern(
        SCRIPT,
        "script-link",
        0.85,
        r"<\w{1,12}\s[^>]{0,60}\b(?:src|href|data|action)\s{0,3}+=\s{0,3}+['\"]?\s{0,3}+javascript:\s{0,3}+(?:alert|prompt|confirm|eval|document|fetch)\b",
    ),
    _pattern(
        SCRIPT,
        "script-continued",
        0.85,
        r"['\"]\s{0,3}+[-+;*]\s{0,3}+(?:alert|prompt|confirm)\s{0,3}+\(\s{0,3}+\w{0,20}\s{0,3}+\)\s{0,3}+(?:[-+;*]|//)",
    ),
    _pattern(
        SCRIPT,
        "script-attribute",
        0.85,
        r"['\"]\s{1,9}+(?:autofocus\s{1,9}+)?on(?:error|load|click|mouseover|focus)\s{0,3}+=\s{0,3}+['\"]?(?:alert"
        r"|prompt|confirm|eval)\b",
    ),
    _pattern(
        SCRIPT,
        "script-url",
        0.85,
        r"\A['\"\s]{0,9}javascript:[^a-z]{0,9}+(?:alert|prompt|confirm|eval|document|fetch)\b",
    ),
    # A command of the shell behind one that was meant.
    _pattern(
        COMMAND,
        "command-file",
        0.9,
        r"(?:;|\||&&|\|\||\x60|\$\(|\n)"
        + _S
        + r"(?:cat|head|tail|more|less|type)\s{1,9}+[\w\\./-]{0,40}(?:/etc/|win\.ini|boot\.ini)",
    ),
    _pattern(
        COMMAND,
        "command-run",
        0.85,
        r"(?:\A|[\w.'\"-])"
        + _S
        + r"(?:;|\||&&|\|\|)"
        + _S
        + r"(?:(?<=\s)id|whoami|uname(?:\s{1,9}+-a)?|ifconfig|ipconfig|netstat(?:\s{1,9}+-\w{1,6})?|ls\s{1,9}+-\w{1,6}"
        r"(?:\s{1,9}+[~./][\w./-]{0,40})?"
        r"|ls\s{1,9}+/|dir\s{1,9}+c:\\|ping\s{1,9}+-[cn]\s{1,9}+\d{1,4}\s{1,9}+[\w.-]{1,60}|sleep\s{1,9}+\d{1,4})"
        + _S
        + r"(?:\Z|;|\||&|#)",
    ),
    _pattern(COMMAND, "command-background", 0.85, r"&\s{0,3}+ping\s{1,9}+-[cn]\s{1,9}+\d{1,4}\s{1,9}+[\d.]{7,15}"),
    _pattern(COMMAND, "command-line", 0.85, r"\n\s{0,3}+(?:id|whoami|cat\s{1,9}+/etc/\w{1,20})\s{0,3}+\Z"),
    _pattern(COMMAND, "command-script", 0.85, r"(?:;|\||&&)\s{0,3}+(?:python3?|perl|ruby|php|node)\s{1,9}+-[cer]\s"),
    _pattern(
        COMMAND,
        "command-substituted",
        0.9,
        r"\$\("
        + _S
        + r"id"
        + _S
        + r"\)|(?:\$\(|\x60)"
        + _S
        + r"(?:whoami|uname(?:\s{1,9}+-a)?|sleep\s{1,9}+\d{1,4}|curl\s{1,9}+[^)\x60]{1,80}"
        r"|wget\s{1,9}+[^)\x60]{1,80}|nslookup\s{1,9}+[^)\x60]{1,80})" + _S + r"(?:\)|\x60)",
    ),
    _pattern(
        COMMAND,
        "command-fetch",
        0.9,
        r"(?:;|\||&&|\n)"
        + _S
        + r"(?:wget|curl)\s{1,9}+(?:-\w{1,6}\s{1,9}+)?(?:https?|ftp)://[^\s;|]{1,120}"
        + _S
        + r"(?:;|\||&&|-o\b|>|\Z)",
    ),
    _pattern(
        COMMAND,
        "command-shell",
        0.9,
        r"(?:;|\||&&|\$\(|\x60)" + _S + r"(?:/bin/)?(?:ba|z|da)?sh\s{1,9}+-[ci]\b|nc\s{1,9}+-e\s{1,9}+/bin/",
    ),
    _pattern(
        COMMAND,
        "php-code",
        0.85,
        r"(?:\A|[=;{])\s{0,9}+(?:system|passthru|shell_exec|phpinfo|eval|base64_decode"
        r"|assert)\s{0,3}+\(\s{0,3}+(?:['\"]|\$_(?:get|post|request)|base64_decode|\)\s{0,3}+;)",
    ),
    # Expressions that a template engine or a logger would work out.
    _pattern(
        TEMPLATE,
        "jndi",
        0.95,
        r"\$\{(?:\$\{[^}]{0,40}\}|[^}$]{0,40}){0,1}j?(?:ndi)?[^}\s]{0,60}:?(?:ldaps?|rmi|dns|iiop)://",
    ),
    _pattern(
        TEMPLATE,
        "jndi-nested",
        0.9,
        r"\$\{(?:lower|upper|env|sys|:):?[^}]{0,20}\}[^\s]{0,80}(?:ldap|rmi|dns"
        r"|ndi|://)",
    ),
    _pattern(
        TEMPLATE,
        "template-internals",
        0.9,
        r"\{\{[^}]{0,80}(?:__class__|__mro__|__subclasses__|__globals__|__builtins__|config\.items"
        r"|self\._templatereference)",
    ),
    _pattern(
        TEMPLATE,
        "template-arithmetic",
        0.85,
        r"\A(?:\$?\{\{|\$\{|<%=|#\{)\s{0,3}+['\"]?\d{1,6}['\"]?\s{0,3}+\*\s{0,3}+['\"]?\d{1,6}['\"]?\s{0,3}+(?:\}\}|\}"
        r"|%>)\Z",
    ),
    _pattern(TEMPLATE, "template-read", 0.85, r"<%=?\s{0,3}+(?:file\.|io\.|system\s{0,3}+\(|\x60|exec\s{0,3}+\()"),
    _pattern(
        TEMPLATE,
        "template-runtime",
        0.9,
        r"(?:\$\{|%\{|#\{|t\()[^}]{0,80}(?:java\.lang\.(?:runtime|processbuilder)|getruntime|#_memberaccess)",
    ),
    # Out of the folder that was meant.
    _pattern(
        TRAVERSAL,
        "traversal-file",
        0.95,
        r"(?:\.\.[/\\]{1,3}){0,1}\.\.[/\\]{1,4}[\w./\\-]{0,60}(?:etc[/\\]{1,2}(?:passwd|shadow|hosts|group|issue)(?![\w.-])"
        r"|proc/self|var/log/(?:apache|auth|httpd|nginx|messages|secure|syslog)|\.ssh/|id_rsa"
        r"|windows[/\\](?:system|repair|win)|winnt[/\\]|win\.ini|boot\.ini|web-inf)",
    ),
    _pattern(
        TRAVERSAL,
        "traversal-disguised",
        0.9,
        r"\.\.(?:%2f|%5c|%c0%af|%c1%9c|;/)|%(?:25)?2e%(?:25)?2e(?:%2f|%5c|[/\\])|\.\.\.\.//|\.\.\.\.\\\\",
    ),
    _pattern(
        TRAVERSAL,
        "traversal-file-absolute",
        0.85,
        r"\A(?:file://)?/{1,3}(?:etc/(?:passwd|shadow|group|issue)|proc/self/(?:environ|cmdline|maps))(?:\x00"
        r"|%00|\Z)",
    ),
    _pattern(
        TRAVERSAL,
        "traversal-drive",
        0.85,
        r"\Ac:[/\\]{1,2}(?:windows[/\\](?:win\.ini|system32[/\\](?:drivers|config|cmd))|boot\.ini|winnt)",
    ),
    _pattern(
        TRAVERSAL,
        "traversal-wrapper",
        0.9,
        r"\A(?:php://(?:filter|input)|expect://|data://text/plain|phar://|zip://[^\s]{1,80}#)",
    ),
)

PROBES = re.compile(
    r"/(?:\.env(?:\.\w{1,20})?|\.git/(?:config|head|index)|\.svn/entries|\.hg/|\.aws/credentials|\.ssh/"
    r"|\.ds_store|\.htpasswd|\.htaccess"
    r"|wp-login\.php|xmlrpc\.php|wp-admin(?:/|\Z)|wp-config\.php\S{0,10}|wp-content/plugins/|phpmyadmin(?:/|\Z)"
    r"|pma/|adminer(?:-\d{1,3}\S{0,10})?\.php|phpinfo\.php|info\.php"
    r"|cgi-bin/|actuator/(?:env|heapdump|gateway)|server-status|manager/html|solr/admin|boaform/|hnap1"
    r"|vendor/phpunit/|_ignition/execute-solution|struts2?-"
    r"|shell\.php|c99\.php|r57\.php|config\.php\.bak|backup\.(?:sql|zip|tar\.gz)|dump\.sql|database\.sql|id_rsa"
    r"|web\.config|owa/auth|telescope/requests|eval-stdin\.php)(?:\Z|/|\b)"
)
"""Paths, in lower case, that scanners ask for on every server."""
