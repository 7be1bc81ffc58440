"""Effects: what recovery has changed in processes, as rows; how processes know of them, and how they acknowledge."""

from .acknowledging import Acknowledgement, acknowledgement, living, process_name, targets
from .models import Effect
from .writing import end, forget, put

__all__ = [
    "Acknowledgement",
    "Effect",
    "acknowledgement",
    "end",
    "forget",
    "living",
    "process_name",
    "put",
    "targets",
]
