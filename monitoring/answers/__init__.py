"""What visitors are shown of trouble, as plain text: the one JSON format, the page for browsers, and who wants which.

Pure functions that need neither Django nor anything else of the platform, so that every floor can answer alike.
"""
