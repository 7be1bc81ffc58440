"""Django and REST framework. A status stands here only where the framework itself answers with it."""

from __future__ import annotations

from ..kinds import ErrorType
from ..severity import ErrorSeverity
from ..traits import Traits

_SETUP = Traits(kind=ErrorType.CONFIGURATION_ERROR, severity=ErrorSeverity.MEDIUM, retryable=False)
_BAD = Traits("ValidationError", ErrorType.VALIDATION_ERROR, status=400, retryable=False)
_SUSPICIOUS = Traits(kind=ErrorType.SECURITY_ERROR, status=400, retryable=False)
_GONE = Traits(kind=ErrorType.NETWORK_ERROR, severity=ErrorSeverity.LOW, retryable=False)
_BUG = Traits(kind=ErrorType.INTERNAL_ERROR, severity=ErrorSeverity.MEDIUM, retryable=False)
_STRANGER = Traits("AuthenticationError", ErrorType.AUTHENTICATION_ERROR, status=401, retryable=False)
_FORBIDDEN = Traits(kind=ErrorType.AUTHORIZATION_ERROR, status=403, retryable=False)
_NOWHERE = Traits(kind=ErrorType.NOT_FOUND, status=404, retryable=False)
_MISSING = Traits("Http404", ErrorType.NOT_FOUND, status=404, retryable=False)

_DJANGO: dict[str, Traits] = {
    "django.http.response.Http404": _MISSING,
    "django.core.exceptions.ObjectDoesNotExist": Traits(kind=ErrorType.NOT_FOUND, retryable=False),
    "django.core.exceptions.MultipleObjectsReturned": Traits(kind=ErrorType.CONFLICT, retryable=False),
    "django.core.exceptions.PermissionDenied": _FORBIDDEN,
    "django.core.exceptions.ValidationError": Traits("ValidationError", ErrorType.VALIDATION_ERROR, retryable=False),
    "django.core.exceptions.BadRequest": _BAD,
    "django.core.exceptions.SuspiciousOperation": _SUSPICIOUS,
    "django.core.exceptions.RequestDataTooBig": _BAD,
    "django.core.exceptions.TooManyFieldsSent": _BAD,
    "django.core.exceptions.TooManyFilesSent": _BAD,
    "django.http.multipartparser.MultiPartParserError": _BAD,
    "django.contrib.sessions.exceptions.SessionInterrupted": Traits(
        "AuthenticationError", ErrorType.AUTHENTICATION_ERROR, status=400, retryable=True
    ),
    "django.http.request.UnreadablePostError": _GONE,
    "django.core.exceptions.RequestAborted": _GONE,
    "django.core.exceptions.ImproperlyConfigured": _SETUP,
    "django.core.exceptions.AppRegistryNotReady": _SETUP,
    "django.core.exceptions.ViewDoesNotExist": _SETUP,
    "django.core.exceptions.SynchronousOnlyOperation": _BUG,
    "django.core.exceptions.FieldError": _BUG,
    "django.urls.exceptions.NoReverseMatch": _SETUP,
    "django.template.exceptions.TemplateDoesNotExist": _SETUP,
    "django.template.exceptions.TemplateSyntaxError": _SETUP,
    "django.core.signing.BadSignature": Traits(kind=ErrorType.SECURITY_ERROR, retryable=False),
    "django.core.cache.backends.base.InvalidCacheBackendError": _SETUP,
}

_PREFIX = "rest_framework.exceptions."
_REST_FRAMEWORK: dict[str, Traits] = {
    # Projects derive answers of their own from it: what is not known of those, the status they have says.
    f"{_PREFIX}APIException": Traits(follows_status=True),
    f"{_PREFIX}ValidationError": _BAD,
    f"{_PREFIX}ParseError": _BAD,
    f"{_PREFIX}AuthenticationFailed": _STRANGER,
    f"{_PREFIX}NotAuthenticated": _STRANGER,
    f"{_PREFIX}PermissionDenied": _FORBIDDEN,
    f"{_PREFIX}NotFound": _NOWHERE,
    f"{_PREFIX}MethodNotAllowed": Traits(kind=ErrorType.VALIDATION_ERROR, status=405, retryable=False),
    f"{_PREFIX}NotAcceptable": Traits(kind=ErrorType.VALIDATION_ERROR, status=406, retryable=False),
    f"{_PREFIX}UnsupportedMediaType": Traits(kind=ErrorType.VALIDATION_ERROR, status=415, retryable=False),
    f"{_PREFIX}Throttled": Traits(kind=ErrorType.RATE_LIMIT_ERROR, status=429, retryable=True),
}

CLASSES: dict[str, Traits] = _DJANGO | _REST_FRAMEWORK
