"""Analysis: what the numbers mean. Trends, anomalies, suspects, causes and forecasts, each with its evidence."""
