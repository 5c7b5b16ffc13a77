// Peer: Fastify + Mercurius (JIT on) + the official MongoDB driver, as a user would write it. Environment: MONGO, PUBLIC_KEY, PORT.
import Fastify from "fastify";
import mercurius from "mercurius";
import { MongoClient } from "mongodb";
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const db = (await new MongoClient(process.env.MONGO).connect()).db("peers");
const key = createPublicKey(readFileSync(process.env.PUBLIC_KEY));

function claimsOf(token) {
  const [head, body, signature] = token.split(".");
  if (!verify(null, Buffer.from(`${head}.${body}`), key, Buffer.from(signature, "base64url"))) throw new Error("bad token");
  const claims = JSON.parse(Buffer.from(body, "base64url"));
  if (claims.exp * 1000 < Date.now()) throw new Error("expired");
  return claims;
}

const schema = `
scalar DateTime
type Profile { id: ID! kind: String! firstSeenAt: DateTime! lastSeenAt: DateTime! userId: String customerId: String msLocale: String license: String msIsTenantAdmin: Boolean msUpn: String msTenantId: String }
type ErrorReport { id: ID! code: String message: String appVersion: String osName: String osVersion: String model: String occurredAt: DateTime! sessionId: String network: String }
input EventInput { eventId: ID! occurredAt: DateTime! name: String! requestId: String! teamName: String templateId: String templateName: String additionalMembers: Int additionalOwners: Int }
type Result { accepted: Int! }
type Query { user(id: ID!): Profile errors(companyId: ID!, first: Int!): [ErrorReport!]! }
type Mutation { recordEvents(events: [EventInput!]!): Result! }`;
const guarded = (name) => (source, _, context) => {
  if (!context.claims.roles.includes("support")) throw new Error("support staff only");
  return source[name];
};
const resolvers = {
  DateTime: { serialize: (value) => value.toISOString(), parseValue: (text) => new Date(text) },
  Profile: { id: (source) => source._id, msUpn: guarded("msUpn"), msTenantId: guarded("msTenantId") },
  ErrorReport: { id: (source) => source._id.toString() },
  Query: {
    user: (_, { id }) => db.collection("users").findOne({ _id: id }),
    errors: (_, { companyId, first }) => db.collection("errors").find({ companyId }).sort({ receivedAt: -1 }).limit(first).toArray(),
  },
  Mutation: { recordEvents: async (_, { events }) => ({ accepted: (await db.collection("events").insertMany(events)).insertedCount }) },
};
const app = Fastify({ bodyLimit: 4 << 20 });
app.register(mercurius, { schema, resolvers, jit: 1, context: (request) => ({ claims: claimsOf(request.headers.authorization.slice(7)) }) });
app.get("/ready", async () => "ready");
await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
