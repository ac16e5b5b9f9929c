"""What all trained networks of this package share: runs, the loop, files, blocks, augmentation."""
