"""A form with a file in it, read as it comes in: nothing of the file is held."""

from typing import Protocol

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.errors import AppError, Kind

_LONGEST_HEADER = 4 * 1024
_LONGEST_TEXT = 1024
_MOST_PARTS = 20


class Sink(Protocol):
    """Where a file goes."""

    def write(self, data: bytes) -> None:
        """Take its next bytes."""


class FileForm:
    """Finds the first file of a form and writes it; short texts are kept, anything else is passed over.

    Attributes:
        name: What the form calls the file.
        found: Whether there is one.
        fields: Texts by name, cut where they are long.
        complete: Whether the form came to its end.
    """

    def __init__(self, file: Sink, boundary: bytes) -> None:
        """Nothing has come yet.

        Args:
            file: Where the file goes.
            boundary: What stands between the parts.

        Raises:
            AppError: ``bad_upload``: there is no boundary.
        """
        self.name, self.found = "", False
        self.fields: dict[str, str] = {}
        self._field, self._text = "", b""
        self._file, self._writing, self._parts, self._length = file, False, 0, 0
        self._header, self._value, self._headers = b"", b"", dict[str, bytes]()
        if not boundary:
            raise bad_form()
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_ends,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._part_ends,
                "on_end": self._ends,
            },
        )
        self.complete = False

    def write(self, data: bytes) -> None:
        """Take the next bytes of the body.

        Raises:
            AppError: ``bad_upload``: it is no form, or one of too many parts or too long headers.
        """
        try:
            self._parser.write(data)
        except MultipartParseError:
            raise bad_form() from None

    def _part_begins(self) -> None:
        self._parts += 1
        self._headers, self._length = {}, 0
        if self._parts > _MOST_PARTS:
            raise bad_form()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]
        self._count(end - start)

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._count(end - start)

    def _count(self, length: int) -> None:
        self._length += length
        if self._length > _LONGEST_HEADER:
            raise bad_form()

    def _header_ends(self) -> None:
        self._headers[self._header.decode("latin-1").lower()] = self._value
        self._header = self._value = b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", b""))
        name = options.get(b"filename")
        if name is not None and not self.found:
            self.found = self._writing = True
            self.name = name.decode("utf-8", "replace")
        self._field = options.get(b"name", b"").decode("utf-8", "replace") if name is None else ""

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._writing:
            self._file.write(data[start:end])
        elif self._field:
            self._text += data[start:end][: _LONGEST_TEXT - len(self._text)]

    def _part_ends(self) -> None:
        if self._field:
            self.fields[self._field] = self._text.decode("utf-8", "replace")
        self._writing, self._field, self._text = False, "", b""

    def _ends(self) -> None:
        self.complete = True


def bad_form() -> AppError:
    """The refusal of a form that is not whole, or that nobody sends."""
    message = "The form is not whole, or has no file in it. Send one part with a `filename`, or the file as the body."
    return AppError(Kind.BAD_REQUEST, "bad_upload", message)
