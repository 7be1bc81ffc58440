"""Analysis: what the numbers mean. Trends, anomalies, suspects, causes and forecasts, each with its evidence.

Importing it needs neither models nor a database.
"""

from .forecasts.predictor import ErrorPredictor
from .insights.faces import ErrorAnalysisEngine, ErrorMetricsCollector

__all__ = ["ErrorAnalysisEngine", "ErrorMetricsCollector", "ErrorPredictor"]
