import { describe } from 'node:test';

import * as cases from '../shared/cases.mjs';
import { sdk } from './sdk.mjs';

describe(sdk.name, () => {
  for (const register of Object.values(cases)) register(sdk);
});
