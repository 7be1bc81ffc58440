"""Views of REST framework."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from shop import orders, prices, rows


class TooManyItems(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_detail = "too many items"


class ItemSerializer(serializers.Serializer[Any]):
    sku = serializers.CharField()
    amount = serializers.CharField()

    def validate_amount(self, value: str) -> int:
        return prices.parse_amount(value)

    def validate_sku(self, value: str) -> str:
        return value.split("-")[1]


class Open(APIView):
    authentication_classes = ()
    permission_classes = ()


class Items(Open):
    def post(self, request: Request) -> Response:
        serializer = ItemSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(serializer.data)


class Totals(Open):
    def get(self, request: Request, number: int) -> Response:
        return Response({"total": orders.total_of({"lines": [{"sku": f"nut-{number}"}]})})


class Strict(Open):
    def get(self, request: Request, number: int) -> Response:
        raise TooManyItems(f"{number} items are too many")


class Shown(Open):
    def get(self, request: Request, number: int) -> Response:
        return Response({"pk": rows.shown(f"member {number}").pk})


@api_view(["GET"])
def product(request: Request, number: int) -> Response:
    return Response({"path": prices.product_path("?" * number)})
