"""Users, companies and the three kinds of support profile."""
