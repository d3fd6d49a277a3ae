"""Runs that the papers' figures are drawn from: functions that call the front door.

Each takes plain numbers and words and returns columns by name.
"""
