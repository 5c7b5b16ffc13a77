// Faults that are really thrown; the test runs this text under other names and with other lines before it.
const fs = require("node:fs");
const { inspect } = require("node:util");

class QuotaError extends Error {}

function readQuota(settings) {
  return settings.quota.left;
}

function checkQuota(settings) {
  if (readQuota(settings) < 1) throw new QuotaError(`no quota left for team ${settings.team}`);
}

async function load(text) {
  await null;
  return JSON.parse(text);
}

async function chained(text) {
  try {
    await load(text);
  } catch (cause) {
    throw new QuotaError(`cannot load ${text}`, { cause });
  }
}

class Worker {
  async run(name) {
    await new Promise((resolve) => setImmediate(resolve));
    throw new QuotaError(name);
  }

  get speed() {
    return this.engine.speed;
  }
}

const FAULTS = {
  "missing field": [readQuota, [[{}], [{ a: 1 }]]],
  "own error": [checkQuota, [[{ quota: { left: 0 }, team: "red 12" }], [{ quota: { left: -3 }, team: "blue" }]]],
  "async library": [load, [["{"], ['{"a": 1, "b"']]],
  chained: [chained, [["{"], ["["]]],
  method: [(name) => new Worker().run(name), [["a"], ["b"]]],
  getter: [() => new Worker().speed, [[]]],
  file: [(name) => fs.readFileSync(name), [["/nope/1"], ["/nope/22"]]],
  callback: [() => [1].map((each) => each.a.b), [[]]],
  any: [(texts) => Promise.any(texts.map(chained)), [[["{"]], [["{", "["]]]],
};

(async () => {
  const told = [];
  for (const [fault, [run, calls]] of Object.entries(FAULTS)) {
    for (const given of calls) {
      try {
        await run(...given);
      } catch (error) {
        told.push({ fault, type: error.constructor.name, message: error.message, stackTrace: inspect(error) });
      }
    }
  }
  console.log(JSON.stringify(told));
})();
