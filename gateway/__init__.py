"""E-mail in and out: from the wire to a ticket, and from a change to a letter."""
