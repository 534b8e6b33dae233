"""Measurements: each module runs alone (``python -m bench.journeys``), all of them with ``make bench``."""
