"""What a segmentation measures, muscle by muscle: volume, cross-sections, echo intensity."""
