"""Where recoveries are read and decided about."""

from django.urls import path

from .api import (
    ApproveView,
    RecoveriesView,
    RecoveryActionsView,
    RecoveryActionView,
    RecoveryStrategiesView,
    RecoverySwitchView,
    RecoveryView,
    RejectView,
    RollBackView,
    TrailView,
)

urlpatterns = [
    path("", RecoveriesView.as_view(), name="recoveries"),
    path("strategies/", RecoveryStrategiesView.as_view(), name="recovery-strategies"),
    path("switch/", RecoverySwitchView.as_view(), name="recovery-switch"),
    path("trail/", TrailView.as_view(), name="recovery-trail"),
    path("actions/", RecoveryActionsView.as_view(), name="recovery-actions"),
    path("actions/<uuid:pk>/", RecoveryActionView.as_view(), name="recovery-action"),
    path("actions/<uuid:pk>/approve/", ApproveView.as_view(), name="recovery-approve"),
    path("actions/<uuid:pk>/reject/", RejectView.as_view(), name="recovery-reject"),
    path("actions/<uuid:pk>/roll-back/", RollBackView.as_view(), name="recovery-roll-back"),
    path("<uuid:pk>/", RecoveryView.as_view(), name="recovery"),
]
