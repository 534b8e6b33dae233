"""Settings of the property tests: no timed assertions, nothing written to the working folder."""

from hypothesis import settings

settings.register_profile("crypto", deadline=None, database=None, max_examples=60)
settings.load_profile("crypto")
