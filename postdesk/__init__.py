"""Postdesk, a service desk that lives in e-mail: start-up and command line."""

__version__ = "0.1.0"
