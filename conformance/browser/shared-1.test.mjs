import { runShare } from './share.mjs';

await runShare(0);
