"""How the course is made: masters read, notebooks, slides and tables built."""
