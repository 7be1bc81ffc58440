"""The one room that talks to the event streams in Redis. No models, no settings, no knowledge of what events mean."""
