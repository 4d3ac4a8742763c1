"""The JSON API, /api/v1: what pages do, for programs, over the same acts of desk/."""
