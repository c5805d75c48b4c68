"""The command line: one file per verb; heavy libraries are imported only by the verb that runs."""
