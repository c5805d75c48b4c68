"""Stretches to sorties of docks and drones: cut by energy, shared out, put into a timetable, resumed."""
