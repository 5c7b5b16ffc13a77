"""Everything that speaks to MongoDB outside of the domains' own stores."""
