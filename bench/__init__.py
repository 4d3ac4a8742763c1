"""Figures of performance: `make bench`. Each file measures one thing; ratios are taken within one run."""
