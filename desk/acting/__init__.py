"""What people do at the desk otherwise than by mail: each act is checked, done, written down and told in one place."""
