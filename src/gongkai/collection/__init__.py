"""What an office asks for and takes in: its roster, the files of its units, and who of them is missing."""
