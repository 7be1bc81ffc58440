"""The one thing that can go wrong with a file, whatever is in it."""


class ParseError(ValueError):
    """A file is not what it claims to be. The message is meant for the person who uploaded it."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message if line is None else f"Line {line}: {message}")
        self.line = line
