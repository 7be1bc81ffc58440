"""Rules: what is watched, from when on it is worth an alert, and what is found by them at a moment.

`evaluation.read` answers what is active by one rule now. What becomes of that over time is the incidents' concern.
"""
