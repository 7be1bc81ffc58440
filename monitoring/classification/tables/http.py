"""What goes wrong on the way to others: sockets, TLS, HTTP and mail clients, requests and urllib3."""

from __future__ import annotations

from ..kinds import ErrorType
from ..severity import ErrorSeverity
from ..traits import Traits
from .documented import like

_SERVICE = ErrorType.EXTERNAL_SERVICE_ERROR
_WRONG_CALL = Traits(kind=ErrorType.VALIDATION_ERROR, severity=ErrorSeverity.MEDIUM, retryable=False)
# Most of them are OSErrors; those that are none are as bad.
_API = Traits("APIError", _SERVICE, severity=ErrorSeverity.HIGH, retryable=True)
_CERTIFICATE = like("ConnectionError", kind=ErrorType.SECURITY_ERROR, retryable=False)

CLASSES: dict[str, Traits] = {
    "socket.gaierror": like("ConnectionError"),
    "socket.herror": like("ConnectionError"),
    "ssl.SSLError": like("ConnectionError"),
    "ssl.SSLCertVerificationError": _CERTIFICATE,
    "asyncio.exceptions.IncompleteReadError": like("ConnectionError"),
    "http.client.HTTPException": _API,
    "http.client.InvalidURL": _WRONG_CALL,
    "http.client.RemoteDisconnected": like("ConnectionError", kind=_SERVICE),
    "urllib.error.URLError": like("ConnectionError", kind=_SERVICE),
    "urllib.error.HTTPError": _API,
    "smtplib.SMTPException": _API,
    "smtplib.SMTPServerDisconnected": like("ConnectionError", kind=_SERVICE),
    "smtplib.SMTPConnectError": like("ConnectionError", kind=_SERVICE),
    "smtplib.SMTPAuthenticationError": Traits("AuthenticationError", ErrorType.AUTHENTICATION_ERROR, retryable=False),
    "smtplib.SMTPRecipientsRefused": _WRONG_CALL,
    "smtplib.SMTPNotSupportedError": Traits(kind=ErrorType.CONFIGURATION_ERROR, retryable=False),
    "requests.exceptions.RequestException": _API,
    "requests.exceptions.ConnectionError": like("ConnectionError", kind=_SERVICE),
    "requests.exceptions.SSLError": _CERTIFICATE,
    "requests.exceptions.Timeout": like("TimeoutError"),
    "requests.exceptions.ConnectTimeout": like("TimeoutError"),
    # `retryable` looks at what was answered, which is not in the name.
    "requests.exceptions.HTTPError": _API,
    "requests.exceptions.TooManyRedirects": Traits(retryable=False),
    "requests.exceptions.InvalidURL": _WRONG_CALL,
    "requests.exceptions.InvalidSchema": _WRONG_CALL,
    "requests.exceptions.MissingSchema": _WRONG_CALL,
    "requests.exceptions.InvalidHeader": _WRONG_CALL,
    "requests.exceptions.InvalidJSONError": Traits(kind=_SERVICE, retryable=False),
    "urllib3.exceptions.HTTPError": _API,
    "urllib3.exceptions.TimeoutError": like("TimeoutError"),
    "urllib3.exceptions.MaxRetryError": like("ConnectionError", kind=_SERVICE),
    "urllib3.exceptions.NewConnectionError": like("ConnectionError", kind=_SERVICE),
    "urllib3.exceptions.ProtocolError": like("ConnectionError", kind=_SERVICE),
    "urllib3.exceptions.ProxyError": like("ConnectionError", kind=_SERVICE),
    "urllib3.exceptions.SSLError": _CERTIFICATE,
    "urllib3.exceptions.PoolError": Traits(kind=ErrorType.RESOURCE_ERROR),
    "urllib3.exceptions.ReadTimeoutError": like("TimeoutError"),
    "urllib3.exceptions.LocationValueError": _WRONG_CALL,
}

MODULES: dict[str, Traits] = {
    name: Traits(kind=_SERVICE) for name in ("http.client", "urllib", "urllib3", "requests", "smtplib")
}
