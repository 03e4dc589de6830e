"""Why is this gradient None (or zero, NaN, wrong), which line did it, and what do I change?"""

__version__ = "0.1.0"
