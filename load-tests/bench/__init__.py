"""What `load-tests/run` and `load-tests/plot` are made of."""
