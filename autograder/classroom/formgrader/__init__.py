"""What the Formgrader gets besides nbgrader's own: rubrics, and a button that autogrades all."""
