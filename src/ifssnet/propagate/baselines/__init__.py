"""Methods to compare with: classical ones and the 3-D U-Net."""
