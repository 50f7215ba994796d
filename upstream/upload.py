"""A form with a file in it, as it goes over the wire: multipart/form-data, streamed, its length known beforehand."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import IO

CHUNK = 256 * 1024  # bytes read and sent at a time


class Form:
    """The fields of a form in their order, then the file, which S3 wants last.

    `file` is read from where it stands, for `length` bytes. `alive` is called with the bytes of the file sent so far,
    and may raise to stop. Raises ValueError for a field that could not be written, EOFError while sending where the
    file ends early.
    """

    def __init__(
        self,
        fields: Mapping[str, str],
        file: IO[bytes],
        *,
        length: int,
        file_name: str,
        file_type: str,
        alive: Callable[[int], None] = lambda sent: None,
    ) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        opening = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_name(name)}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        opening += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{_name(file_name)}"\r\n'
            f"Content-Type: {file_type}\r\n\r\n"
        )
        self._opening, self._closing = opening.encode(), f"\r\n--{boundary}--\r\n".encode()
        self._file, self._file_length, self._alive = file, length, alive
        self.length = len(self._opening) + length + len(self._closing)

    def chunks(self) -> Iterator[bytes]:
        """Yield what is sent."""
        yield self._opening
        sent = 0
        while sent < self._file_length:
            piece = self._file.read(min(CHUNK, self._file_length - sent))
            if not piece:
                raise EOFError("the file ends before its length")
            yield piece
            sent += len(piece)
            self._alive(sent)
        yield self._closing


def _name(text: str) -> str:
    """Return a name as a header can carry it (HTML, multipart form data). Raises ValueError for line breaks."""
    if "\r" in text or "\n" in text:
        raise ValueError("a name of a form is one line")
    return text.replace('"', "%22")
