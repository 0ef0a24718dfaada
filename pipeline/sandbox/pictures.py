"""Real PNG and JPEG bytes, made from nothing: a soft gradient of any size."""

import struct
import zlib

JPEG_QUANTUM = 8  # makes a block's DC coefficient its mean minus 128
JPEG_SEGMENT = 65_533  # the longest payload of a segment
MIDDLE = 128
RGB = (62, 128, 96)


def png(width: int, height: int, rgb: tuple[int, int, int] = RGB, at_least: int = 0) -> bytes:
    """A PNG; `at_least` pads it to so many bytes without changing the picture."""
    rows = b"".join(b"\0" + bytes(_shade(value, y, height) for value in rgb) * width for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    padding = _chunk(b"tEXt", b"Comment\0" + b" " * at_least) if at_least else b""
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + padding
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )


def jpeg(width: int, height: int, rgb: tuple[int, int, int] = RGB, at_least: int = 0) -> bytes:
    """A baseline JPEG of flat 8 × 8 blocks: only DC coefficients, four bits of Huffman code each."""
    red, green, blue = rgb
    luma = round(0.299 * red + 0.587 * green + 0.114 * blue)
    chroma = (round((blue - luma) * 0.564), round((red - luma) * 0.713))
    columns, rows = -(-width // 8), -(-height // 8)
    bits: list[str] = []
    last = [0, 0, 0]
    for row in range(rows):
        target = [_shade(luma, row, rows) - MIDDLE, *chroma]
        bits += [_dc(now - before) + "0" for now, before in zip(target, last, strict=True)]
        bits.append("00000" * 3 * (columns - 1))  # no difference to the block on the left, no AC
        last = target
    stream = "".join(bits)
    stream += "1" * (-len(stream) % 8)
    scan = int(stream, 2).to_bytes(len(stream) // 8, "big").replace(b"\xff", b"\xff\0")
    components = b"".join(bytes((number, 0x11, 0)) for number in (1, 2, 3))
    padding = b"".join(_segment(0xFE, b" " * JPEG_SEGMENT) for _ in range(-(-at_least // JPEG_SEGMENT)))
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
            padding,
            _segment(0xDB, b"\0" + bytes([JPEG_QUANTUM] * 64)),
            _segment(0xC0, struct.pack(">BHHB", 8, height, width, 3) + components),
            _segment(0xC4, b"\0" + bytes([0, 0, 0, 9] + [0] * 12) + bytes(range(9))),  # DC: nine codes of four bits
            _segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\0"),  # AC: "0" is the end of the block
            _segment(0xDA, b"\3" + bytes((1, 0, 2, 0, 3, 0)) + b"\0\x3f\0"),
            scan,
            b"\xff\xd9",
        )
    )


def _shade(value: int, row: int, rows: int) -> int:
    return value + (255 - value) * row // (2 * rows)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def _dc(difference: int) -> str:
    """The size category in four bits, then the difference; negatives in ones' complement."""
    size = abs(difference).bit_length()
    if not size:
        return "0000"
    return f"{size:04b}{difference if difference > 0 else difference + (1 << size) - 1:0{size}b}"
