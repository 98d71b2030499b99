"""Numbers only: what was measured of one leg, as plain data."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ifssnet.core.segmentation import Json


@dataclass(frozen=True, eq=False)
class Report:
    """Measurements of muscles, or their comparison with a reference.

    Attributes:
        muscles: Muscle name to quantity to value.
        mean: Quantity to its mean over the muscles; empty where a mean makes no sense.
        provenance: What was measured, with which settings and versions.
    """

    muscles: Mapping[str, Mapping[str, Json]]
    mean: Mapping[str, Json] = field(default_factory=dict[str, "Json"])
    provenance: Mapping[str, Json] = field(default_factory=dict[str, "Json"])

    def as_dict(self) -> dict[str, Json]:
        """Plain data for a file; numbers that are not finite become None, and an empty mean or provenance is left out."""
        plain: dict[str, Json] = {"muscles": finite(self.muscles)}
        if self.mean:
            plain["mean"] = finite(self.mean)
        if self.provenance:
            plain["provenance"] = finite(self.provenance)
        return plain

    def to_json(self) -> str:
        """The report as JSON, NaN and infinity as null.

        >>> Report({"SOL": {"dice": 0.0, "hausdorff_mm": math.inf}}).to_json()
        '{"muscles": {"SOL": {"dice": 0.0, "hausdorff_mm": null}}}'
        """
        return json.dumps(self.as_dict(), ensure_ascii=False, allow_nan=False)

    def to_csv(self) -> str:
        """One line a muscle and quantity, then the means; lists and mappings are left to the JSON, infinity is an empty field.

        >>> print(Report({"SOL": {"volume_cm3": 320.5}, "GM": {"volume_cm3": 202.0}}).to_csv().replace(chr(13), ""), end="")
        muscle,quantity,value
        SOL,volume_cm3,320.5
        GM,volume_cm3,202.0
        """
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(("muscle", "quantity", "value"))
        rows = [*self.muscles.items(), ("mean", self.mean)]
        for name, quantities in rows:
            for quantity, value in quantities.items():
                if value is None or isinstance(value, str | int | float):
                    shown = finite(value)
                    writer.writerow((name, quantity, "" if shown is None else shown))
        return out.getvalue()


def finite(value: Json) -> Json:
    """The same data with NaN and infinity as None, for which JSON has no other word."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(entry) for key, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [finite(entry) for entry in value]
    return value
