"""Soak: mixed traffic against a running desk for as long as one likes, and whether all of it adds up: `make soak`."""
