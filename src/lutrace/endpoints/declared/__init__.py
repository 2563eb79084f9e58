"""Values at time zero that a study declares: laboratory, scan, history, questionnaire, each by its rule."""
