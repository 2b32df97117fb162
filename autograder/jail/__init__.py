"""Where code runs that nobody trusts, and what is believed of what comes out."""
