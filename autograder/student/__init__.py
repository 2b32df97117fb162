"""What a student meets: `check`, hints, progress, the start page, the command line."""
