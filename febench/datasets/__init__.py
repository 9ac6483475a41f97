"""The built-in data sets, one file each.

Loaders of files share these modules, each of which imports only those before it: `words` (for expressions and parts),
`files` (of a folder), `notes` (on images left out), `source` (files of a published set), `decoding`, `alignment` and
`loading` (from pictures to a data set).
"""
