"""Recording -> Faults: where each gradient goes bad. Graph search only; no words, no TensorFlow."""

from gradmagic.locate.constants import constant_sources
from gradmagic.locate.fault import Fault
from gradmagic.locate.search import Statuses, is_lost, locate, statuses, worst_of

__all__ = ["Fault", "Statuses", "constant_sources", "is_lost", "locate", "statuses", "worst_of"]
