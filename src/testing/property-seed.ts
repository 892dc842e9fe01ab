import fc from 'fast-check';

/**
 * Property tests draw the same cases in every ordinary run, so that a failure is the change's own; `npm test -- --all`
 * and `VITE_ALL=1` draw new ones each time, to find what no run met before.
 */
if (!process.env['VITE_ALL']) fc.configureGlobal({ seed: 20_261_126 });
