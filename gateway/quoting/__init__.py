"""What of a mail is new: quotations and signatures are told from a person's own words, and folded, never deleted."""
