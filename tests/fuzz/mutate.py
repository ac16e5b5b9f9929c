"""Damage to bytes: blind, and such as keeps the container whole so that what is inside is reached.

Each function takes a random.Random and the bytes of a good file and returns bytes that are
probably bad. The same random state gives the same bytes.
"""

from __future__ import annotations

import io
import json
import struct
import tarfile
import zipfile
import zlib
from random import Random
from typing import Any

__all__ = ["blind", "json_value", "npz", "png", "safetensors", "tar", "text"]

_TOKENS = (
    b"", b"0", b"-1", b"9", b"99999999999999999999", b"1e400", b"-1e-400", b"nan", b"inf", b"null",
    b"true", b"[]", b"{}", b'""', b",", b";", b"\t", b"\n", b"\r", b'"', b"\\", b"\0", b"\xff",
    b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"../", b"/", b"+", b"?", b"%", b"[" * 2000,
    b"\\ud800", b"\xc2\x85", "é".encode(), "😀".encode(),
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 3, 10**6, 10**12, 2**63, 10**400, 0.5, -0.0, 1e308, float("nan"),
    float("inf"), "", "x", "a\0b", "../x", "\u2028", "\ud800", "12C", "A" * 5000, [], [None],
    [1, 2], [[1]], {}, {"x": 1}, {"": None},
)  # fmt: skip


def blind(rng: Random, data: bytes) -> bytes:
    """Bytes changed, cut, moved, doubled, or words of trouble put in."""
    out = bytearray(data)
    for _ in range(1 << rng.randrange(4)):
        at, kind = rng.randrange(len(out) + 1), rng.randrange(8)
        if kind == 0 and out:
            out[min(at, len(out) - 1)] ^= 1 << rng.randrange(8)
        elif kind == 1 and out:
            out[min(at, len(out) - 1)] = rng.randrange(256)
        elif kind == 2:
            del out[at : at + 1 + rng.randrange(16)]
        elif kind == 3:
            other = rng.randrange(len(out) + 1)
            out[at:at] = out[other : other + rng.randrange(40)]
        elif kind == 4:
            out[at : at + rng.randrange(4)] = rng.choice(_TOKENS)
        elif kind == 5:
            out[at : at + rng.randrange(8)] = rng.randbytes(rng.randrange(8))
        elif kind == 6 and rng.random() < 0.2:
            del out[at:]
        elif kind == 7 and len(out) >= 8:
            at = min(at, len(out) - 8)
            number = rng.choice((0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 60))
            form = rng.choice(("<I", ">I", "<Q"))
            packed = struct.pack(form, number & (0xFFFFFFFF if form != "<Q" else (1 << 64) - 1))
            out[at : at + len(packed)] = packed
    return bytes(out)


def text(rng: Random, data: bytes) -> bytes:
    """Fields and lines changed for others, besides what blind() does."""
    kind = rng.randrange(4)
    if kind == 0:
        return blind(rng, data)
    mark = rng.choice((b"\n", b",", b" ", b"+"))
    parts = data.split(mark)
    for _ in range(1 + rng.randrange(3)):
        at = rng.randrange(len(parts))
        if kind == 1:
            parts[at] = rng.choice(_TOKENS)
        elif kind == 2:
            parts[at] = parts[rng.randrange(len(parts))]
        else:
            parts.insert(at, parts[rng.randrange(len(parts))])
    return mark.join(parts)


def json_value(rng: Random, data: bytes) -> bytes:
    """One JSON document, or a line of JSON lines, with values changed, added or taken away."""
    if rng.randrange(5) == 0:
        return text(rng, data)
    lines = data.split(b"\n") if data.count(b"\n{") else [data]
    at = rng.randrange(len(lines))
    try:
        value = json.loads(lines[at])
    except ValueError:
        return text(rng, data)
    for _ in range(1 + rng.randrange(2)):
        value = _changed(rng, value)
    lines[at] = json.dumps(value, ensure_ascii=bool(rng.randrange(2))).encode(
        "utf-8", "surrogatepass"
    )
    return b"\n".join(lines)


def _changed(rng: Random, value: Any) -> Any:
    """The value with one node of it, however deep, replaced, removed or doubled."""
    if isinstance(value, dict) and value and rng.randrange(8):
        key = rng.choice(sorted(value))
        kind = rng.randrange(10)
        if kind == 0:
            return {k: v for k, v in value.items() if k != key}
        if kind == 1:
            return {**value, rng.choice(("x", "", key + "x", "\ud800")): value[key]}
        return {**value, key: _changed(rng, value[key])}
    if isinstance(value, list) and value and rng.randrange(8):
        at = rng.randrange(len(value))
        kind = rng.randrange(8)
        if kind == 0:
            return value[:at] + value[at + 1 :]
        if kind == 1:
            return [*value, value[at]]
        return [*value[:at], _changed(rng, value[at]), *value[at + 1 :]]
    small = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
    if small and rng.randrange(2):
        return rng.choice((value + 1, value - 1, -value, value * 1000, value * 0.3, value * 2))
    return rng.choice(_VALUES)


def safetensors(rng: Random, data: bytes) -> bytes:
    """The header changed and its length put right, or numbers of the tensors changed."""
    if rng.randrange(6) == 0 or len(data) < 8:
        return blind(rng, data)
    size = struct.unpack("<Q", data[:8])[0]
    head, body = data[8 : 8 + size], data[8 + size :]
    if rng.randrange(2):
        head = json_value(rng, head)
    else:
        out = bytearray(body)
        for _ in range(1 + rng.randrange(8)):
            if out:
                at = rng.randrange(len(out))
                out[at : at + 2] = rng.choice((b"\xff\x7f", b"\0\xfc", b"\xff\xff", b"\0\0"))
        body = bytes(out[: len(body)])
    return struct.pack("<Q", len(head)) + head + body


def npz(rng: Random, data: bytes) -> bytes:
    """One member's bytes or header changed, and the archive made anew."""
    if rng.randrange(6) == 0:
        return blind(rng, data)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        names = old.namelist()
        chosen = rng.choice(names)
        for name in names:
            content = old.read(name)
            if name == chosen:
                kind = rng.randrange(6)
                if kind == 0:
                    continue
                if kind == 1:
                    content = old.read(rng.choice(names))
                elif kind == 2:
                    content = (
                        content[:128].replace(b"0", b"9", 1 + rng.randrange(3)) + content[128:]
                    )
                else:
                    content = blind(rng, content)
            new.writestr(name, content)
    return out.getvalue()


def png(rng: Random, data: bytes) -> bytes:
    """A chunk changed, doubled, moved or dropped, its checksum put right."""
    if rng.randrange(4) == 0 or not data.startswith(b"\x89PNG"):
        return blind(rng, data)
    chunks, at = [], 8
    while at + 12 <= len(data):
        size = struct.unpack(">I", data[at : at + 4])[0]
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    at, kind = rng.randrange(len(chunks)), rng.randrange(6)
    name, content = chunks[at]
    if kind == 0:
        chunks.pop(at)
    elif kind == 1:
        chunks.insert(rng.randrange(len(chunks)), chunks[at])
    elif kind == 2 and name == b"IDAT":
        chunks[at] = name, zlib.compress(blind(rng, zlib.decompress(content)))
    elif kind == 3:
        extra = rng.choice((b"acTL", b"eXIf", b"iCCP", b"zTXt", b"iTXt", b"tRNS", b"gAMA"))
        chunks.insert(1, (extra, rng.randbytes(rng.randrange(30))))
    else:
        chunks[at] = name, blind(rng, content)
    return data[:8] + b"".join(
        struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in chunks
    )


def tar(rng: Random, data: bytes) -> bytes:
    """Members renamed, retyped, resized or changed inside, headers with right checksums."""
    if rng.randrange(4) == 0:
        return blind(rng, data)
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(data)) as old:
        members = [(m.name, old.extractfile(m).read()) for m in old if m.isreg()]  # type: ignore[union-attr]
    chosen = rng.randrange(len(members))
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as new:
        for number, (name, content) in enumerate(members):
            info = tarfile.TarInfo(name)
            if number == chosen:
                kind = rng.randrange(6)
                if kind == 0:
                    continue
                if kind == 1:
                    info.name = rng.choice(
                        ("../x.png", "/etc/x", "./" + name, "x" * 300, "a\0b", "")
                    )
                elif kind == 2:
                    info.type = rng.choice((b"1", b"2", b"3", b"5", b"6", b"S", b"L", b"x"))
                    info.linkname = rng.choice(("/etc/passwd", "../x", name))
                elif kind == 3 and content.startswith(b"{"):
                    content = json_value(rng, content)
                else:
                    content = blind(rng, content)
            info.size = len(content) if info.type in (b"0", b"\0") else 0
            new.addfile(info, io.BytesIO(content) if info.size else None)
    return out.getvalue()
