"""Helpers for people who work on Postdesk; nothing here is installed."""
