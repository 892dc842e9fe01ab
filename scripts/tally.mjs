// Counts of a test run from the JSON reports of Vitest and Playwright.

/** @typedef {{ passed: number, failed: number, skipped: number }} Tally */

/** A step that is one check, or whose report never came. @param {boolean} ok @returns {Tally} */
export function tallyStep(ok) {
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

/** A file that failed to load has no tests in the report; it counts as one failure.
 * @param {{ testResults: { status: string, assertionResults: { status: string }[] }[] }} report
 * @returns {Tally} */
export function tallyVitest(report) {
  const tally = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report.testResults) {
    for (const { status } of file.assertionResults) {
      if (status === 'passed') tally.passed++;
      else if (status === 'failed') tally.failed++;
      else tally.skipped++;
    }
    if (file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed'))
      tally.failed++;
  }
  return tally;
}

/** What failed and why, a line each. @param {any} report of Vitest @returns {string[]} */
export function failuresVitest(report) {
  return report.testResults.flatMap((/** @type {any} */ file) => {
    const failed = file.assertionResults.filter((/** @type {any} */ test) => test.status === 'failed');
    if (failed.length === 0 && file.status === 'failed') return [`${file.name}: ${firstLine(file.message)}`];
    return failed.map(
      (/** @type {any} */ test) => `${test.fullName}: ${firstLine(test.failureMessages?.[0])}`,
    );
  });
}

/** What failed and why, a line each. @param {any} report of Playwright @returns {string[]} */
export function failuresPlaywright(report) {
  /** @type {string[]} */
  const lines = (report.errors ?? []).map((/** @type {any} */ error) => firstLine(error.message));
  /** @param {any} suite */
  const walk = (suite) => {
    for (const spec of suite.specs ?? []) {
      const bad = spec.tests.filter((/** @type {any} */ test) =>
        ['unexpected', 'flaky'].includes(test.status),
      );
      for (const test of bad) {
        const error = test.results.map((/** @type {any} */ result) => result.error).find(Boolean);
        const again = test.status === 'flaky' ? ' (passed when tried again)' : '';
        lines.push(`${spec.file}: ${spec.title}: ${firstLine(error?.message)}${again}`);
      }
    }
    (suite.suites ?? []).forEach(walk);
  };
  (report.suites ?? []).forEach(walk);
  return lines;
}

/** @param {string | undefined} text */
function firstLine(text) {
  // The colours of a terminal are not for logs.
  // oxlint-disable-next-line no-control-regex
  const plain = (text ?? 'no message').replace(/\u001b\[[0-9;]*m/g, '').trim();
  return plain.split('\n', 1)[0] ?? '';
}

/** A test that passed only on a second try counts as failed, and so does an error outside every test.
 * @param {{ stats: { expected: number, unexpected: number, flaky: number, skipped: number }, errors: unknown[] }} report
 * @returns {Tally} */
export function tallyPlaywright({ stats, errors }) {
  return {
    passed: stats.expected,
    failed: stats.unexpected + stats.flaky + errors.length,
    skipped: stats.skipped,
  };
}

/** A runner that ended badly without a failed test (an unhandled error, no tests at all) still failed.
 * @param {Tally} tally @param {boolean} ok whether the runner's exit code was 0 @returns {Tally} */
export function withExitCode(tally, ok) {
  return !ok && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
}

/** @param {Tally[]} tallies @returns {Tally} */
export function sumTallies(tallies) {
  return tallies.reduce(
    (sum, { passed, failed, skipped }) => ({
      passed: sum.passed + passed,
      failed: sum.failed + failed,
      skipped: sum.skipped + skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );
}

/** @param {Tally} tally */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** A run in which nothing passed proves nothing. @param {Tally} tally @returns {0 | 1} */
export function exitCode({ passed, failed }) {
  return failed > 0 || passed === 0 ? 1 : 0;
}
