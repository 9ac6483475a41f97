"""The built-in data sets, one file each; loaders of files share `source`, `decoding` and `loading`, in this order."""
