"""The embedded vehicle: a simulated, ArduCopter-like MAVLink 2 autopilot in a process of its own.

Its dynamics, battery and sensors are its own, on purpose not the planner's.
"""
