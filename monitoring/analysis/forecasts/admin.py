"""Admin pages of forecasts, the useful ones first."""

from __future__ import annotations

from django.contrib import admin

from monitoring.access.admin import ReadOnlyAdmin

from .models import Forecast
from .window import bounds


@admin.register(Forecast)
class ForecastAdmin(ReadOnlyAdmin):
    """How probable errors are, and how good forecasts were."""

    list_display = ["name", "of", "service", "begins", "probability", "base", "squares", "base_squares", "useful"]
    list_filter = ["useful", "of"]
    search_fields = ["name"]
    exclude = ["memory"]

    @admin.display(description="window", ordering="window")
    def begins(self, row: Forecast) -> str:
        """Show when the window begins, and ends."""
        starts, ends = bounds(row.window)
        return f"{starts:%Y-%m-%d %H:%M} to {ends:%H:%M} UTC"
