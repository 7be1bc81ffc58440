"""Carrying recoveries out: deciding, acting, seeing, waiting for the signal, taking back, settling.

Work is found in rows: whoever holds a recovery's lease brings it forward as far as it goes, one committed step after
another, and whoever comes after a death goes on from the last one. `work.work` is the only way in.
"""
