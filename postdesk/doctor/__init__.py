"""`postdesk doctor`: looks at the world outside, and says in words what is wrong and what to do about it."""
