"""The status page and the customer portal: pages over HTTP, no JavaScript. `portal.app.create_app` is its face."""
