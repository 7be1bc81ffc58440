"""Parts of traces: requests, operations and outgoing calls as rows."""
