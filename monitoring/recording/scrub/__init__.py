"""Take secrets and personal data out of what leaves the process, and bound its size.

`mapping` and `value` go by the names that values stand under, `text` by the names and forms of secrets in free text.
`clean` is for names and ids, which hold neither: it makes them short and storable, and changes nothing else.
"""

from .names import FILTERED, denied
from .texts import clean, person, source, text
from .values import mapping, value

__all__ = ["FILTERED", "clean", "denied", "mapping", "person", "source", "text", "value"]
