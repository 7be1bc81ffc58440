"""Anomalies on labelled synthetic incidents, beside a fixed threshold and mean and three standard deviations."""
