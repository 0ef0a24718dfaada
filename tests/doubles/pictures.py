"""Real PNG and JPEG bytes of any size, from Pillow."""

import functools
import io

RGB = (62, 128, 96)


@functools.lru_cache(200)
def picture(kind: str, width: int, height: int, rgb: tuple[int, int, int] = RGB) -> bytes:
    """`kind`: PNG or JPEG."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (width, height), rgb).save(buffer, kind)
    return buffer.getvalue()
