"""The GraphQL surface and how it is run."""
