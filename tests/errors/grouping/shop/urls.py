"""Routes of the shop: one for each view."""

from __future__ import annotations

from django.urls import path
from shop import api, views

_VIEWS = [
    one
    for one in vars(views).values()
    if callable(one) and getattr(one, "__module__", "") == views.__name__ and one is not views.order
]
urlpatterns = [
    *(path(f"{view.__name__}/<int:number>/", view) for view in _VIEWS),
    path("api/items/", api.Items.as_view()),
    path("api/totals/<int:number>/", api.Totals.as_view()),
    path("api/strict/<int:number>/", api.Strict.as_view()),
    path("api/shown/<int:number>/", api.Shown.as_view()),
    path("api/product/<int:number>/", api.product),
]
