"""Known wrong references, with the evidence, as data; a run is scored with and without them."""
