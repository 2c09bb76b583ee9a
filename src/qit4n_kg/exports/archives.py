"""ZIP archives (DOCX, XLSX) without the moment of their making: the same content makes the same bytes."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from datetime import datetime


def settle(archive: BinaryIO, moment: datetime, output: BinaryIO) -> None:
    """Copy an archive member by member, each dated `moment`."""
    stamp = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    buffer = io.BytesIO()
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            settled = zipfile.ZipInfo(member.filename, stamp)
            settled.compress_type = zipfile.ZIP_DEFLATED
            settled.external_attr = 0o644 << 16
            target.writestr(settled, source.read(member))
    output.write(buffer.getvalue())
