"""What happens in that project; run by `test_host.py` in a process of its own. Prints one JSON line."""

import json
from io import StringIO

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from monitoring.performance import PerformanceMonitor  # noqa: E402
from tests.api.letters import make_letter  # noqa: E402

call_command("migrate", verbosity=0)
output = StringIO()
call_command("create_admin_token", user="root", stdout=output)
PerformanceMonitor._record_duration("checkout", 0.5)
admin = Client(headers={"authorization": f"Bearer {output.getvalue().strip()}", "host": "shop.example"})
stranger = Client(headers={"host": "shop.example"})
letters = "/api/monitoring/dead-letters/"
told = {
    "probe": stranger.get("/api/health/", headers={"host": "10.0.0.1"}).json(),
    "stranger": stranger.get("/api/monitoring/dashboard/").status_code,
    "dashboard": admin.get("/api/monitoring/dashboard/").json()["performance"]["checkout"]["count"],
    "performance": list(admin.get("/api/monitoring/performance/?kind=operation").json()["operations"]),
    "bad": admin.get("/api/monitoring/performance/?limit=x").json()["errors"],
    "replayed": admin.post(f"{letters}{make_letter(4).pk}/replay/").json(),
    "refused": admin.post(f"{letters}{make_letter(broken=True).pk}/replay/").status_code,
    "left": admin.get(letters).json()["count"],
    "searched": list(admin.get(letters, {"search": "x"}).json()["errors"]),
    "astray": admin.get("/api/monitoring/nothing/of/this/").headers["Content-Type"],
    "paths": sorted(json.loads(admin.get("/api/schema/").content)["paths"]),
    "described": json.loads(admin.get("/api/schema/").content)["info"],
    "docs": admin.get("/api/docs/").status_code,
}
print(json.dumps(told))
