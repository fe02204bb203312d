"""Says what went wrong without repeating it: messages of libraries may quote customer text."""

import traceback
from pathlib import PurePath

_DEEPEST = 3


def describe_failure(error: BaseException) -> str:
    """The error's class and the innermost lines of code it came through, e.g. `ValueError at label.py:41 in work`."""
    frames = traceback.extract_tb(error.__traceback__)[-_DEEPEST:]
    places = [f"{PurePath(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in frames]
    return type(error).__name__ + (f" at {' < '.join(reversed(places))}" if places else "")
