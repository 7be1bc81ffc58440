"""Addresses below `/api/monitoring/alerts/`."""

from __future__ import annotations

from django.urls import URLPattern, path

from . import channels, deliveries, incidents, rules, silences

urlpatterns: list[URLPattern] = [
    path("incidents/", incidents.IncidentsView.as_view(), name="incidents"),
    path("incidents/<int:pk>/", incidents.IncidentView.as_view(), name="incident"),
    path("incidents/<int:pk>/acknowledge/", incidents.AcknowledgeView.as_view(), name="incident-acknowledge"),
    path("incidents/<int:pk>/unacknowledge/", incidents.UnacknowledgeView.as_view(), name="incident-unacknowledge"),
    path("incidents/<int:pk>/resolve/", incidents.ResolveView.as_view(), name="incident-resolve"),
    path("incidents/<int:pk>/silence/", incidents.SilenceIncidentView.as_view(), name="incident-silence"),
    path("incidents/<int:pk>/comments/", incidents.CommentIncidentView.as_view(), name="incident-comments"),
    path("silences/", silences.SilencesView.as_view(), name="silences"),
    path("silences/<int:pk>/", silences.SilenceView.as_view(), name="silence"),
    path("maintenance/", silences.WindowsView.as_view(), name="maintenance-windows"),
    path("maintenance/<int:pk>/", silences.WindowView.as_view(), name="maintenance-window"),
    path("inhibitions/", silences.InhibitionsView.as_view(), name="inhibitions"),
    path("inhibitions/<int:pk>/", silences.InhibitionView.as_view(), name="inhibition"),
    path("rules/", rules.RulesView.as_view(), name="alert-rules"),
    path("rules/kinds/", rules.KindsView.as_view(), name="alert-rule-kinds"),
    path("rules/try/", rules.TryRuleView.as_view(), name="alert-rule-try"),
    path("rules/<int:pk>/", rules.RuleView.as_view(), name="alert-rule"),
    path("rules/<int:pk>/restore/", rules.RestoreRuleView.as_view(), name="alert-rule-restore"),
    path("channels/", channels.ChannelsView.as_view(), name="alert-channels"),
    path("channels/kinds/", channels.ChannelKindsView.as_view(), name="alert-channel-kinds"),
    path("channels/<int:pk>/", channels.ChannelView.as_view(), name="alert-channel"),
    path("channels/<int:pk>/test/", channels.TestChannelView.as_view(), name="alert-channel-test"),
    path("recipients/", channels.RecipientsView.as_view(), name="alert-recipients"),
    path("deliveries/", deliveries.DeliveriesView.as_view(), name="alert-deliveries"),
    path("deliveries/<int:pk>/send-again/", deliveries.SendAgainView.as_view(), name="alert-send-again"),
    path("destinations/", deliveries.DestinationsView.as_view(), name="alert-destinations"),
    path("destinations/<str:key>/try/", deliveries.TryDestinationView.as_view(), name="alert-destination-try"),
]
