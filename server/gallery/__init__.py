"""Every email of a file as its readers would get it, on one page that needs nothing else."""
