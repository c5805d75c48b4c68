"""How the demo's geodata is made from the tables in ``geodata/sources``; ``geodata/make.py`` runs it."""
