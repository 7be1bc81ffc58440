from tests.api.conftest import admin, api

__all__ = ["admin", "api"]
