"""The built-in protocols, one file each; how images and people are dealt stands in `dealing`."""
