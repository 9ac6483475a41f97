"""Classical methods: hand-made features and small classifiers, one readable file a method."""
