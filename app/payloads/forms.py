"""Forms that senders post: urlencoded or multipart, however large a field and however many there are."""

from email.message import Message
from email.parser import HeaderParser
from email.policy import HTTP
from urllib.parse import parse_qsl

from app.domain.strict_json import Json, decode_json
from app.errors import AppError, Kind
from app.payloads.delivery import RawDelivery

MAX_FIELDS = 20_000
_MAX_PART_HEADERS = 8_192


def read_form(delivery: RawDelivery) -> dict[str, str]:
    """The fields of a form with their values; of a field that is there twice the first one counts. Files are left out.

    Raises:
        AppError: ``not_a_form``: the content type is another, or the body is none of it; too many fields as well.
    """
    header = Message()
    header["content-type"] = delivery.content_type.replace("\r", " ").replace("\n", " ")
    kind = header.get_content_type()
    if kind == "application/x-www-form-urlencoded":
        pairs = _urlencoded(delivery.body)
    elif kind == "multipart/form-data" and (boundary := header.get_boundary()):
        pairs = _multipart(delivery.body, boundary.encode("utf-8", "replace"))
    else:
        raise _refused()
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields


def form_json(fields: dict[str, str], name: str) -> Json:
    """The JSON in a field of a form, read as strictly as any body; None where there is no such field.

    Raises:
        AppError: ``bad_json``.
    """
    value = fields.get(name, "")
    return decode_json(value.encode("utf-8", "surrogatepass")) if value else None


def _urlencoded(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError:
        raise _refused() from None


def _multipart(body: bytes, boundary: bytes) -> list[tuple[str, str]]:
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary, MAX_FIELDS + 2)
    if len(parts) > MAX_FIELDS + 2 or len(parts) < 2 or not parts[-1].startswith(b"--"):  # noqa: PLR2004 - before, after
        raise _refused()
    found = []
    for part in parts[1:-1]:
        head, between, content = part.partition(b"\r\n\r\n")
        if not between or len(head) > _MAX_PART_HEADERS:
            raise _refused()
        field = HeaderParser(policy=HTTP).parsestr(head.decode("utf-8", "replace").strip("\r\n") + "\r\n\r\n")
        name, file = _named(field)
        if name and file is None:
            found.append((name, _text(content)))
    return found


def _named(field: Message) -> tuple[str | None, str | None]:
    disposition = Message()
    disposition["content-disposition"] = str(field.get("content-disposition", ""))
    name = disposition.get_param("name", header="content-disposition")
    file = disposition.get_param("filename", header="content-disposition")
    return name if isinstance(name, str) else None, None if file is None else str(file)


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise _refused() from None


def _refused() -> AppError:
    message = "The delivery is not a form (urlencoded or multipart, UTF-8). Check what the sender sends."
    return AppError(Kind.BAD_REQUEST, "not_a_form", message)
