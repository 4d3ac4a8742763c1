"""A sample desk to try things out on: people, tickets and conversations, by the rules that real mail goes by."""
