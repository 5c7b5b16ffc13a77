// Apollo Client against the real server: one query and one mutation; prints what came back as JSON.
// Usage: node apollo.mjs URL TOKEN
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";

const [url, token] = process.argv.slice(2);
const client = new ApolloClient({
  link: new HttpLink({ uri: `${url}/graphql`, headers: { authorization: `Bearer ${token}` } }),
  cache: new InMemoryCache(),
  defaultOptions: { query: { errorPolicy: "all" } },
});

const query = gql`
  query Mine {
    me { kind roles }
    users(first: 3) { nodes { id profile { kind ... on AuthenticatedProfile { license name } } } pageInfo { hasNextPage endCursor } }
  }
`;
const mutation = gql`
  mutation Report($reports: [ErrorReportInput!]!) {
    recordErrors(reports: $reports) { accepted duplicates rejected { index field message } }
  }
`;
const occurredAt = new Date().toISOString();
const reports = [
  { reportId: `apollo-${occurredAt}`, occurredAt, kind: "SIGN_IN", code: "AADSTS50105" },
  { reportId: "late", occurredAt: "2001-01-01T00:00:00Z", kind: "OTHER" },
];

const read = await client.query({ query });
const written = await client.mutate({ mutation, variables: { reports } });
const refused = (read.error?.errors ?? []).map((error) => error.extensions.code);
console.log(JSON.stringify({ data: read.data, refused, written: written.data }));
