"""`python -m postdesk`."""

from postdesk.cli import main

main()
