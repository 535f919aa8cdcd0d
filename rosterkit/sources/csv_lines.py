"""A file's bytes as blocks of whole lines: UTF-8 with LF line ends, or named for what it is instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_MOST_LINES = 1 << 19  # of a block
_BOM = b"\xef\xbb\xbf"


class FileFormatError(Exception):
    """The file as a whole cannot be read as CSV text: the rule, and the line where it shows."""

    def __init__(self, rule: str, line: int, detail: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.line = line
        self.detail = detail


def blocks(chunks: Iterable[bytes], size: int, longest: int) -> Iterator[bytes]:
    """Blocks of about ``size`` bytes that end in LF (the last may not). A BOM is dropped, CR LF becomes LF.

    A line of more than ``longest`` bytes is cut to just above that, so that memory stays bounded and the line is still
    seen to be too long. Raises FileFormatError for UTF-16, NUL bytes and what is not UTF-8.
    """
    line = 1
    for block, count in (few for whole in _whole_lines(chunks, size, longest) for few in _few_lines(whole)):
        _check(block, line)
        line += count
        yield block.replace(b"\r\n", b"\n") if b"\r" in block else block


def _few_lines(block: bytes) -> Iterator[tuple[bytes, int]]:
    """The block and how many lines it has, halved until a table of them is no larger than one of ordinary lines (lines
    may be empty).
    """
    if (count := block.count(b"\n")) <= _MOST_LINES:
        yield block, count
        return
    half = len(block) // 2
    cut = (block.rfind(b"\n", 0, half) + 1) or (block.find(b"\n", half) + 1)
    yield from _few_lines(block[:cut])
    yield from _few_lines(block[cut:])


def _whole_lines(chunks: Iterable[bytes], size: int, longest: int) -> Iterator[bytes]:
    parts: list[bytes] = []  # joined once a block is full: adding each chunk to the last would copy them all again
    held = 0
    first, skipping = True, False  # skipping: the rest of an overlong line
    for chunk in chunks:
        rest = chunk
        if skipping:
            at = rest.find(b"\n")
            rest, skipping = (rest[at:], False) if at >= 0 else (b"", True)
        parts.append(rest)
        held += len(rest)
        if held < max(size, len(_BOM)):
            continue
        pending = b"".join(parts)
        if first:
            pending, first = _without_mark(pending), False
        cut = pending.rfind(b"\n") + 1
        if cut:
            yield pending[:cut]
            pending = pending[cut:]
        if len(pending) > longest + 4:
            pending, skipping = _shortened(pending, longest), True
        parts, held = [pending], len(pending)
    pending = b"".join(parts)
    if first:
        pending = _without_mark(pending)
    if pending:
        yield pending


def _without_mark(start: bytes) -> bytes:
    """The file's start without its BOM; raises FileFormatError when it is UTF-16."""
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or (len(start) > 3 and 0 in start[:2] and start[0] != start[1]):
        raise FileFormatError("csv.utf-16", 1)
    return start.removeprefix(_BOM)


def _shortened(line: bytes, longest: int) -> bytes:
    """Just over ``longest`` bytes of the line, cut between characters."""
    cut = longest + 1
    while line[cut] & 0xC0 == 0x80 and cut < longest + 4:
        cut += 1
    return line[:cut]


def _check(block: bytes, line: int) -> None:
    at = block.find(b"\0")
    if at >= 0:
        raise FileFormatError("csv.nul", line + block.count(b"\n", 0, at))
    if not block.isascii():
        try:
            block.decode()
        except UnicodeDecodeError as error:
            where = line + block.count(b"\n", 0, error.start)
            raise FileFormatError("csv.not-utf-8", where, f"byte 0x{block[error.start]:02X}") from None
