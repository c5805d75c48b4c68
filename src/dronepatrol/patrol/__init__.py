"""Composition: one file per verb, each reading one artefact of a patrol folder and writing the next."""
