"""Deep methods: torchvision networks, one training loop, augmentation on whole batches.

Every module with a method in it can be imported without torch, so that febench can list what is missing.
"""
