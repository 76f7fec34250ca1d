"""The loop over generations: what one trajectory does, and many of them over all devices."""
