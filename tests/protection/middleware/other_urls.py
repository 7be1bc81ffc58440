"""URLs that another host has."""

from django.urls import path

from .urls import hello

urlpatterns = [path("elsewhere/<int:number>/", hello)]
