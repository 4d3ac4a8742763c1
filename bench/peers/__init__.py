"""Other service desks by the same mails, each in its fastest documented way: `make bench-peers`."""
