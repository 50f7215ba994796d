"""How fast a large file comes home, and in how much memory: `make bench`, described in docs/benchmarks.md."""
