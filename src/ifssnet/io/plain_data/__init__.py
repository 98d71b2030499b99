"""Plain data (what JSON and TOML hold) to typed values and back, by cattrs: the one place where that happens.

A field of another type than its hint is refused, never converted: `"3"` is no number, `true` is no number, `1.5` is no whole
number. A key that the dataclass does not have is refused. Errors name the field, the file or table, and what was expected.

A field whose name ends in an underscore after a word of Python's, such as `from_`, has that word as its key.
"""

from __future__ import annotations

from ifssnet.io.plain_data.conversion import LEFT_OUT, Json, finite, plain, plain_table, structure

__all__ = ["LEFT_OUT", "Json", "finite", "plain", "plain_table", "structure"]
