"""From the city's homepage to its residents' LINE: collect → decide → render → deliver → report."""

import gc
import sys

# A run lives for a second, of which the search for cycles took a twentieth, most of it among modules that were being imported.
gc.set_threshold(50_000, 20, 20)

# msgspec asks typing_extensions, where that is installed, for what `typing` itself has since 3.11: 3 ms and 0.4 MiB in every run.
if "typing_extensions" not in sys.modules:
    sys.modules["typing_extensions"] = None  # type: ignore[assignment] # Python's way to say that a module is not there
    import msgspec  # noqa: F401

    del sys.modules["typing_extensions"]
