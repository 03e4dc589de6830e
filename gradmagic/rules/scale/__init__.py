"""Rules of this family, one file per cause."""
