// The tabs a newcomer finds. Each runs as it stands; its comment says what it shows and which role to pick.
const DAY_MS = 86_400_000;
const now = () => new Date().toISOString();
const daysAgo = (days) => new Date(Date.now() - days * DAY_MS).toISOString();
const json = (value) => JSON.stringify(value, null, 2);
// getRandomValues, not randomUUID: the latter is missing where the page is not served from localhost or over TLS.
const newId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");

const notice = {
  query: `# The notice: what is collected, why, for how long,
# and who may see it.
# Role: any, even no token. Run with Ctrl-Enter.
query DataPractices {
  dataPractices {
    version
    lastUpdated
    categories {
      name
      items {
        name
        example
        purpose
        retention
        visibleTo
        restricted
        coordinate
      }
    }
  }
}
`,
};

const census = {
  query: `# Census: device facts under ids that nobody can link
# to a person. Role: no token or user.
#
# 1. Run NewCensusIds (the run button asks which).
#    The ids are random and stored nowhere.
# 2. Put them into the variables, run RecordCensus.
#    Again: a duplicate, not an error.
# 3. Make osName an e-mail address: it is rejected,
#    for census data names nobody.
mutation NewCensusIds {
  newAnonymousIds { userId sessionId }
}

mutation RecordCensus($records: [CensusInput!]!) {
  recordCensus(records: $records) {
    accepted
    duplicates
    rejected { index id code field message }
  }
}
`,
  variables: () =>
    json({
      records: [
        {
          recordId: newId(),
          appName: "SalesTim Automation",
          deviceModel: "iPhone",
          osName: "iPhoneiOS",
          osVersion: "8.3",
          userLanguage: "EN-US",
          userId: "E296D735-4F36-4E18-7C3B-52E1A02A0164",
          sessionId: "5E872200-F546-4CCD-8F23-AF5F507AA2DD",
          recordedAt: now(),
        },
      ],
    }),
};

const supportProfile = {
  query: `# A support agent reads profiles, but only where help
# was asked for.
#
# 1. Role support: run SupportProfile. Where a company
#    asked, all its people show; where a person asked,
#    only they do. Below stands what opens the others.
# 2. Run AnyProfile: msUpn, name and the like are null
#    for whoever did not ask.
# 3. Role company_admin: null for all. That role never
#    sees them.
query SupportProfile {
  supportRequests(first: 2, status: TAKEN) {
    nodes {
      reason
      accessEndsAt
      subject {
        ...Person
        profiles { # identified first, logged in later
          ... on IdentifiedProfile { msUpn version }
        }
      }
      company {
        companyName
        users(first: 3) { nodes { ...Person } }
      }
    }
  }
}

query AnyProfile {
  users(first: 5) { nodes { ...Person } }
}

fragment Person on User {
  id
  profile {
    kind
    ... on IdentifiedProfile {
      msUpn
      theme
      version
    }
    ... on AuthenticatedProfile {
      name
      msEmail
      license
    }
  }
}
`,
};

const usage = {
  query: `# My usage: the last 30 days as a dashboard, in your
# own time zone, and the latest events behind it.
# Role: company_admin (own company), user (own requests).
# The company comes from the token, never from you.
# csv is the same series for a spreadsheet.
query MyUsage(
  $from: DateTime!
  $to: DateTime!
  $timeZone: TimeZone!
) {
  usageDashboard(from: $from, to: $to, interval: DAY, timeZone: $timeZone) {
    totals { requestsCreated requestsApproved teamsCreated }
    previous { requestsCreated requestsApproved teamsCreated }
    funnel { event count share }
    approvalRate
    medianSecondsToApproval
    templates(first: 3) { templateName requests teams }
    series { start requestsCreated requestsApproved }
  }
  events(first: 5) {
    nodes {
      name
      occurredAt
      ... on RequestCreated { requestId teamName templateName }
      ... on RequestApproved { requestId }
      ... on TeamCreated { teamId teamName }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  variables: () =>
    json({ from: daysAgo(30), to: now(), timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC" }),
};

const live = {
  query: `# Live: an answer each time that something changes.
# The run button stops it; so does leaving this tab.
#
# 1. Role company_admin or user: run WatchUsage.
#    In a second window of this page, same role, run
#    RecordRequest: within a second it counts here.
# 2. Role support: run WatchSupport. In the second
#    window, as user, run AskForHelp: it shows here.
#
# From a program: the README, under "Subscriptions".
subscription WatchUsage {
  usageChanged(days: 7) {
    asOf
    totals { requestsCreated requestsApproved }
    approvalRate
  }
}

subscription WatchSupport {
  supportRequestChanged { status reason takenBy }
}

mutation RecordRequest($events: [EventInput!]!) {
  recordEvents(events: $events) {
    accepted
    duplicates
    rejected { index id code field message }
  }
}

mutation AskForHelp {
  openSupportRequest(
    input: { reason: "My team is missing" }
  ) { id status }
}
`,
  variables: () =>
    json({
      events: [
        {
          requestCreated: {
            eventId: newId(),
            occurredAt: now(),
            requestId: newId(),
            teamName: "Launch",
            additionalMembers: 5,
            additionalOwners: 1,
            templateId: newId(),
            templateName: "Project",
          },
        },
      ],
    }),
};

const errorReport = {
  query: `# Error data: what broke, on which device and network.
# Erased 15 days after it arrives; the sender's address
# is cut short at once.
# Role: no token, user or company_admin.
mutation RecordErrors($reports: [ErrorReportInput!]!) {
  recordErrors(reports: $reports) {
    accepted
    duplicates
    rejected { index id code field message }
  }
}
`,
  variables: () =>
    json({
      reports: [
        {
          reportId: newId(),
          occurredAt: now(),
          kind: "SIGN_IN",
          code: "AADSTS50058",
          message: "Silent sign-in failed",
          log: ["token cache empty", "redirect refused"],
        },
      ],
    }),
};

/** GraphiQL's default tabs, with fresh ids and times at each call. */
export const exampleTabs = () =>
  [notice, census, supportProfile, usage, live, errorReport].map(({ query, variables }) => ({ query, variables: variables?.() }));
