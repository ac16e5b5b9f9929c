"""How people tell of a face: everyday phrases as data, and the grammar that joins them."""
