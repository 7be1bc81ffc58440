"""Where messages about incidents go: one folder for each kind of channel, and how a destination is found.

A channel gets a `base.Message`, a plain value, and sends it or says why not. It knows neither rules nor incidents.
"""
