"""The open system that a city's drone patrol runs on."""

__version__ = "0.1.0"
