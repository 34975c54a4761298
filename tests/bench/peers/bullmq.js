// BullMQ's side of the benchmark: one JSON command on the command line, JSON lines out. Its defaults, and its fast ways:
// Promise.all for what may be in flight at once, addBulk, a worker's concurrency, and moveToCompleted that also fetches.
const { randomBytes } = require("node:crypto");
const { Queue, Worker } = require("bullmq");
const IORedis = require("ioredis");

// Resolves when it is said: what is longer than a pipe would be lost by an early end.
const say = (words) => new Promise((said) => process.stdout.write(JSON.stringify(words) + "\n", said));
const seconds = () => Date.now() / 1000;
const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));
const text = (length) => randomBytes(length / 2).toString("hex"); // it does not shrink to nothing where it is compressed
const go = () => {
  say({ ready: true });
  return new Promise((begin) => process.stdin.once("data", begin));
};

const verbs = {
  async enqueue({ path, queue, jobs, payload, inflight = 1 }) {
    const producer = new Queue(queue, { connection: { path } });
    const data = payload ? { text: text(payload) } : {};
    const add = async (number) => {
      for (let left = number; left > 0; left -= inflight) {
        if (inflight === 1) await producer.add("report", data);
        else await Promise.all(Array.from({ length: Math.min(left, inflight) }, () => producer.add("report", data)));
      }
    };
    await add(3_000); // the compiler has seen it
    const began = seconds();
    await add(jobs);
    return { jobs, began, ended: seconds() };
  },

  async bulk({ path, queue, jobs, payload, chunk }) {
    const producer = new Queue(queue, { connection: { path } });
    const data = payload ? { text: text(payload) } : {};
    await producer.addBulk([{ name: "report", data }]);
    const began = seconds();
    for (let left = jobs - 1; left > 0; left -= chunk) {
      await producer.addBulk(Array.from({ length: Math.min(left, chunk) }, () => ({ name: "report", data })));
    }
    return { jobs: jobs - 1, began, ended: seconds() };
  },

  async drain({ path, queue, concurrency }) {
    let jobs = 0;
    let ended = 0;
    const worker = new Worker(queue, async () => "done", { connection: { path }, concurrency, autorun: false });
    worker.on("completed", () => {
      jobs += 1;
      ended = seconds();
    });
    await worker.waitUntilReady();
    await go();
    const began = seconds();
    worker.run();
    while (!ended || seconds() - ended < 0.5) {
      if (!ended && seconds() - began > 5) break; // others had it all
      await sleep(50);
    }
    return { jobs, began, ended: ended || began };
  },

  // A worker's own round trip, by hand: end the last job and fetch the next one.
  async claim({ path, queues, rounds, calls }) {
    const watch = new IORedis({ path });
    const sides = [];
    for (const queue of queues) {
      const worker = new Worker(queue, null, { connection: { path }, autorun: false });
      const producer = new Queue(queue, { connection: { path } });
      const job = await worker.getNextJob("token");
      sides.push({ queue, worker, producer, job, trips: [], server: [] });
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const side of sides) {
        const trips = [];
        await watch.slowlog("RESET");
        await watch.config("SET", "slowlog-log-slower-than", "0");
        for (let call = 0; call < calls; call += 1) {
          const began = process.hrtime.bigint();
          const [data, id] = await side.job.moveToCompleted("done", "token", true);
          trips.push(Number(process.hrtime.bigint() - began) / 1000);
          side.job = side.worker.nextJobFromJobData(data, id, "token");
          if (side.job.then) side.job = await side.job;
        }
        await watch.config("SET", "slowlog-log-slower-than", "-1");
        const log = await watch.slowlog("GET", -1);
        const server = log.filter((entry) => entry[3][0].toLowerCase() === "evalsha").map((entry) => entry[2]);
        side.trips.push(trips);
        side.server.push(server);
        await side.producer.addBulk(Array.from({ length: calls }, () => ({ name: "report", data: {} })));
      }
    }
    return { sizes: sides.map(({ trips, server }) => ({ trips, server })) };
  },

  async hold({ path, queue }) {
    const producer = new Queue(queue, { connection: { path } });
    await producer.add("report", {}, { attempts: 3 });
    new Worker(queue, () => {
      say({ held: true, pids: [process.pid] });
      return new Promise(() => {});
    }, { connection: { path } });
    await sleep(3_600_000);
  },

  async wait({ path, queue }) {
    await new Promise((taken) => new Worker(queue, async () => taken(), { connection: { path } })
      .waitUntilReady().then(() => say({ ready: true })));
    return { taken: seconds() };
  },
};

const { do: verb, ...words } = JSON.parse(process.argv[2]);
verbs[verb](words).then(async (result) => {
  await say(result);
  process.exit(0);
}, (error) => {
  console.error(error);
  process.exit(1);
});
