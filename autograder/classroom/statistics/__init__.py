"""What a class wrote and earned: the report and the groups."""
