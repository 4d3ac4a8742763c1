"""Every letter as its reader would get it, rendered from sample data with the desk's own settings and templates."""
