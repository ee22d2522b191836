// Starts are scheduled, all users together at a given rate. One that is late does not put off the
// later ones: what a stall held up is counted with the time that a client would have waited.
import exec from 'k6/execution';
import { sleep } from 'k6';
import { Trend } from 'k6/metrics';

const asScheduled = new Trend('duration_as_scheduled', true);

export class Pace {
  constructor(rate, users) {
    this.interval = (1000 * users) / rate;
    const offset = ((exec.vu.idInTest % users) / users) * this.interval;
    this.due = exec.scenario.startTime + offset;
  }

  /** Waits for the next start. */
  wait() {
    this.due += this.interval;
    const left = this.due - Date.now();
    if (left > 0) {
      sleep(left / 1000);
    }
  }

  /** What was started then has ended. */
  ended() {
    asScheduled.add(Math.max(0, Date.now() - this.due));
  }
}
