// The check of the check: migration.js, while another client changes its orders. It
// must count differences and fail; k6/check.sh makes sure that it does.
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
    meddle: {
      executor: 'per-vu-iterations',
      vus: 1,
      iterations: 1,
      startTime: duration(BEFORE_THE_END),
      exec: 'meddle',
    },
  },
};

export function meddle({ run }) {
  for (let vu = 1; vu <= number('USERS', 20) + 1; vu++) {
    for (const { id } of api.listAll(ownUser(run, vu))) {
      api.update(id, 'meddled');
    }
  }
}

export const { setup, handleSummary } = migration;
export default migration.default;
