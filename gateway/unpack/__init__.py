"""What mails carry in wrappings of their own: one kind per file, each bounded, none of them raising."""
