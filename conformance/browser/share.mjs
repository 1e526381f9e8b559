// The shared cases in as many browsers as there are files `shared-*.test.mjs`: most of the time they wait.

import { after, describe } from 'node:test';

import * as cases from '../shared/cases.mjs';
import { close, sdk, withoutCache } from './sdk.mjs';

const SHARES = 3;

/** Every third subject, from the one of that number on. */
export async function runShare(number) {
  // Whatever fails: with the browser open, this process would never end.
  after(close);
  await withoutCache();
  describe(`${sdk.name}, ${number + 1} of ${SHARES}`, () => {
    const subjects = Object.values(cases).filter((_, at) => at % SHARES === number);
    for (const register of subjects) register(sdk);
  });
}
