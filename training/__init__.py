"""Training of the default detector: ``python -m training --help``. Needs the extra ``dronepatrol[training]``."""
