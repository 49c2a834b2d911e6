// The lost-update race for fast-check's scheduler: two clients of that many steps, read and write in
// the middle; each step waits for the scheduler.
import fc from 'fast-check';

const steps = 10;
let schedules = 0;
let lost = 0;

async function client(scheduler, store) {
    let seen = 0;
    for (let step = 0; step < steps; ++step) {
        await scheduler.schedule(Promise.resolve());
        if (step === steps / 2) seen = store.counter;
        if (step === steps / 2 + 1) store.counter = seen + 1;
    }
}

const begin = process.hrtime.bigint();
await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const store = { counter: 0 };
        const all = Promise.all([client(scheduler, store), client(scheduler, store)]);
        await scheduler.waitFor(all);
        schedules += 1;
        if (store.counter !== 2) lost += 1;
    }),
    { numRuns: 20000, endOnFailure: true });
const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
const line = (name, width) => name.padEnd(width);
console.log(
    `${line('fast-check scheduler, 2x10', 44)} ${String(Math.round(schedules / seconds)).padStart(9)}` +
    ` schedules/s ${String(Math.round(schedules * 2 * steps / seconds)).padStart(11)} steps/s` +
    ` ${(lost / schedules).toFixed(3).padStart(7)} lost`);
