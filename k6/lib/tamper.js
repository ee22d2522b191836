// The check of the check: migration.js, while another client changes its orders. migration.js must
// count differences and fail; k6/check.sh makes sure that it does.
import * as api from './api.js';
import { duration, number, seconds } from './env.js';
import { ownUser } from './orders.js';
import * as migration from '../migration.js';

// traffic ends at two thirds
const BEFORE_THE_END = 0.5 * seconds('DURATION', '60s');

export const options = {
  ...migration.options,
  scenarios: {
    ...migration.options.scenarios,
    tamper: {
      executor: 'per-vu-iterations',
      vus: 1,
      iterations: 1,
      startTime: duration(BEFORE_THE_END),
      exec: 'tamper',
    },
  },
};

export function tamper({ run }) {
  for (let vu = 1; vu <= number('USERS', 20) + 1; vu++) {
    for (const { id } of api.listAll(ownUser(run, vu))) {
      api.update(id, 'tampered');
    }
  }
}

export const { setup, handleSummary } = migration;
export default migration.default;
