"""Deep methods: torchvision networks, one training loop, augmentation on whole batches.

`networks` and `tiers` hold the methods. Below them stand `classifier`, `fit` and `predict` of one network; `packing`,
many folds on one GPU; `probe` and `layer4`, networks trained in part; `training`, recipe and loop; `architectures`,
networks by name; `weights` and `weights_file`, what they start from; `images` and `device`, what all of these use.

Every module with a method in it can be imported without torch, so that febench can list what is missing.
"""
