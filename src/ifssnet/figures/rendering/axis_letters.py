"""What a volume's axes point to, as letters."""

from __future__ import annotations

Letters = tuple[str, str, str, str, str, str]

ANATOMICAL: Letters = ("L", "R", "P", "A", "S", "I")
"""What lies at +x, -x, +y, -y, +z and -z of LPS."""

UNKNOWN_AXES: Letters = ("+X", "-X", "+Y", "-Y", "+Z", "-Z")
"""The same for a tracker's reference frame, which knows nothing of the patient."""
