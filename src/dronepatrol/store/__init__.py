"""The patrol folder and its artefacts, read and written whole or not at all."""
