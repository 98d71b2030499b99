"""Files fetched from elsewhere: downloads that resume, archives unpacked within bounds."""
