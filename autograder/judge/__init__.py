"""What an answer is, and how it is judged: without processes, files or people."""
