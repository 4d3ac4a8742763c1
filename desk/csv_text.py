"""A file that is said to be CSV, opened as rows of cells: whichever program wrote it, in whichever encoding."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from desk.said import say

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # .xlsx and .ods are ZIP files, .xls is OLE
_CHUNK = 1 << 16
_SEPARATORS = ",;\t"
_SAID = re.compile(r"\s?\"?sep=([^\r\n\"])", re.IGNORECASE)


class NotCsv(Exception):
    """Why a file cannot be read, in a sentence for the one who sent it."""

    @property
    def said(self) -> str:
        """That sentence, with what it was made of."""
        return self.args[0] if isinstance(self.args[0], str) else str(self)


def rows(stream: BinaryIO) -> Iterator[list[str]]:
    """The cells of each row, as a spreadsheet counts rows: empty ones too. One row at a time is held in memory.

    Comma, semicolon or tab, or what a first line “sep=;” says; UTF-8, UTF-16 or Windows-1252. NotCsv says why not.
    """
    text = io.TextIOWrapper(stream, _encoding(stream), errors="replace", newline="")
    try:
        lines = (line.replace("\0", "") for line in text)
        first = next(lines, "")
        if said := _said_separator(first):
            yield from _read(lines, said)
            return
        skipped: list[str] = []
        while first and not first.strip():
            skipped.append(first)
            first = next(lines, "")
        if not first:
            raise NotCsv(say("The file is empty."))
        yield from _read(chain(skipped, [first], lines), _separator(first))
    finally:
        if not stream.closed:
            text.detach()  # the stream stays its owner's


def _read(lines: Iterable[str], separator: str) -> Iterator[list[str]]:
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    number = 1
    try:
        for cells in reader:
            yield cells
            number += 1
    except csv.Error as error:
        raise NotCsv(
            say("The file is no CSV from row {n} on: a quotation mark is not closed, or a cell is too long.", n=number)
        ) from error


def _encoding(stream: BinaryIO) -> str:
    head = stream.read(8)
    if head.startswith(_WORKBOOKS):
        raise NotCsv(say("The file is a workbook of a spreadsheet. Save it as CSV, and send that."))
    stream.seek(0)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if head[1:2] == b"\0" or head[:1] == b"\0":  # UTF-16 without its mark: every other byte of Latin letters is zero
        return "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := stream.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"  # which holds all letters of Latin-1, and what Windows has beyond them
    finally:
        stream.seek(0)
    return "utf-8"


def _said_separator(line: str) -> str:
    """What a first line “sep=;” names, as Excel writes and reads it."""
    found = _SAID.match(line)
    return found[1] if found else ""


def _separator(header: str) -> str:
    outside = "".join(header.split('"')[::2])
    return max(_SEPARATORS, key=outside.count)
