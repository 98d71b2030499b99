"""Results as DICOM objects: segmentations, volumes and reports of volumes, with references to what they come from."""
