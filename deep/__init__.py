"""Deep methods: torchvision networks, one training loop, augmentation on whole batches.

`networks` and `tiers` hold the methods. They use, from top to bottom:

- `packing`: many folds on one GPU; `probe` and `layer4`: networks trained in part;
- `classifier`: `fit` and `predict` of one network;
- `training`: recipe, optimiser and training loop;
- `architectures`: networks by name; `weights` and `weights_file`: the weights that they start from;
- `images`, `device`, `few_pixels`: images as tensors, devices, fast convolutions on a processor.

`networks` and `tiers` can be imported without torch, so that febench can list what is missing.
"""
