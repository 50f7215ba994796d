"""How the desk writes what every page has: moments, amounts, marks, names that come from elsewhere."""
