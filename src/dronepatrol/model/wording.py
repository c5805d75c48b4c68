"""Sentences in English and Chinese, side by side: what findings are made of."""

from dataclasses import dataclass

from dronepatrol.model.mission import Finding, LonLat


@dataclass(frozen=True, slots=True)
class Both:
    """The same in both languages."""

    en: str
    zh: str

    def __add__(self, other: "Both") -> "Both":
        return Both(self.en + other.en, self.zh + other.zh)


def found(rule: str, severity: str, message: Both, what_to_do: Both, lonlat: LonLat | None = None) -> Finding:
    """Return a finding that speaks both languages.

    Parameters
    ----------
    rule
        What was looked at.
    severity
        "info", "warning" or "blocker".
    message, what_to_do
        Whole sentences; those about one sortie begin with its id and a colon or a space.
    lonlat
        Where; None for the whole patrol.
    """
    return Finding(rule, severity, message.en, what_to_do.en, lonlat, message.zh, what_to_do.zh)
