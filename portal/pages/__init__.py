"""One page, or one family of pages, per file."""
