"""Commands by mail: the grammar, and one file for each family of commands."""
