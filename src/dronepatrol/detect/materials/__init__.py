"""Materials and shapes seen from above, told by colour, texture and physical size: heuristics without weights.

Each rule says in its docstring what it looks for, from which ground sample distance on, and what fools it. They know no
particular scene: thresholds are in CIE Lab (perceptual, alike for all cameras with a fair white balance) and metres.
"""
