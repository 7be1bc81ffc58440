"""Which route a request will be answered by, before Django looks: asked for only while a throttle is about routes."""

from __future__ import annotations

from contextlib import nullcontext

from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils import translation

from monitoring.recording.errors import UNMATCHED
from monitoring.recording.middleware import METHODS, OTHER_METHOD


def name_of(request: HttpRequest) -> str:
    """Return the method and the route, such as `GET api/designs/<uuid:pk>/`; the route `<unmatched>` for none.

    A middleware after `ProtectionMiddleware` may still choose other URLs (`request.urlconf`); its routes are not known.
    """
    method = request.method if request.method in METHODS else OTHER_METHOD
    return f"{method} {_route(request)}"


def _route(request: HttpRequest) -> str:
    urls = getattr(request, "urlconf", None) or settings.ROOT_URLCONF
    try:
        with _language(request.path_info, urls):
            return resolve(request.path_info, urls).route
    except Resolver404:
        return UNMATCHED


def _language(path: str, urls: str) -> translation.override | nullcontext[None]:
    """Speak the language that the path begins with, as Django's `LocaleMiddleware` will."""
    if not (settings.USE_I18N and is_language_prefix_patterns_used(urls)[0]):
        return nullcontext()
    return translation.override(translation.get_language_from_path(path) or settings.LANGUAGE_CODE)
