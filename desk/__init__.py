"""What a service desk does: tickets, people, rights, notices. Knows no mail, no HTTP."""
