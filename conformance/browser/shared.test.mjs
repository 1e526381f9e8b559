import { after, describe } from 'node:test';

import * as cases from '../shared/cases.mjs';
import { close, sdk } from './sdk.mjs';

describe(sdk.name, () => {
  for (const register of Object.values(cases)) register(sdk);
  after(close);
});
