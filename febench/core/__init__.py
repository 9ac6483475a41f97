"""What everything else rests on: data sets, methods, protocols, folds, names, seeds, caches and errors."""
