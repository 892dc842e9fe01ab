import type { ExampleGroup, ScanExample } from '../engine/protocol.ts';
import { formatActivation, formatCount, formatFixed, formatPercent, formatSigned } from '../shared/format.ts';
import { readableText, visibleText } from '../shared/visible-text.ts';
import { FEATURE_STYLE, TINT_STEPS } from './feature-html-style.ts';
import { type FeatureRecord, type FeatureStatistics, filledBins } from './feature-record.ts';

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
/** Text of others: nothing in it is markup, and nothing of it is unseen. */
const shown = (text: string): string => escape(readableText(text));
const token = (text: string): string => escape(visibleText(text));

/** No script, and nothing from elsewhere: the file is what it was when it was written. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
const MOST_EFFECTS = 10;
const MOST_LISTED = 20;
const PLOT_WIDTH = 480;
const BAR_HEIGHT = 90;

/**
 * The page of a feature as one file that needs nothing else: no script, no request, light and dark.
 * @param record values in the dictionary's own units
 */
export function featureHtml(record: FeatureRecord): string {
  const { feature, dictionary, model, label } = record;
  const title = `Feature ${feature} of ${dictionary.hook}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${shown(title)}</title>
<style>${FEATURE_STYLE}</style>
</head>
<body>
<header>
<h1>${shown(title)}</h1>
${label === '' ? '' : `<p class="own"><strong>${shown(label)}</strong></p>`}
<p class="quiet">${shown(model.title)} (${shown(model.id)}, ${shown(model.digest)}) · ${shown(dictionary.title)} (${shown(dictionary.id)}, ${shown(dictionary.digest)}), ${shown(dictionary.architecture)} of ${formatCount(dictionary.dSae)} features</p>
<p class="quiet">${provenance(record)}</p>
</header>
<main>
${[notes(record), effects(record), histogram(record.statistics), examples(record), related(record), about(record)].filter(Boolean).join('\n')}
</main>
</body>
</html>
`;
}

const section = (title: string, content: string): string =>
  `<section>\n<h2>${title}</h2>\n${content}\n</section>`;

function provenance({ statistics, link, made }: FeatureRecord): string {
  const read = statistics
    ? `Measured on ${shown(statistics.corpus)}: ${formatCount(statistics.tokens)} tokens of ${formatCount(statistics.items)} texts${statistics.items < statistics.totalItems ? ` of ${formatCount(statistics.totalItems)}, not all of them` : ''}.`
    : 'No texts were read for it.';
  const day = new Date(made).toISOString().slice(0, 10);
  const back =
    link && /^https?:\/\//.test(link)
      ? ` <a href="${escape(link)}" rel="noreferrer">Open it in Facet</a>.`
      : '';
  return `${read} Written by Facet on ${day}.${back}`;
}

function notes({ note, explanations }: FeatureRecord): string {
  const own = note === '' ? '' : `<p class="own">${note.split('\n').map(shown).join('\n')}</p>`;
  const theirs = explanations
    .slice(0, MOST_LISTED)
    .map(({ description, author, type, source }) => {
      const by = [author, type, source].filter(Boolean).map(shown).join(', ');
      return `<p>${shown(description)}${by === '' ? '' : ` <small>${by}</small>`}</p>`;
    })
    .join('\n');
  return own + theirs === '' ? '' : section('Notes and explanations', own + theirs);
}

function effects({ card }: FeatureRecord): string {
  if (!card || card.promoted.length === 0) return '';
  const list = (title: string, of: typeof card.promoted): string =>
    `<div>\n<h3>${title}</h3>\n<table>${of
      .slice(0, MOST_EFFECTS)
      .map(
        ({ text, logit }) =>
          `<tr><td class="text">${token(text)}</td><td class="n ${logit < 0 ? 'minus' : 'plus'}">${formatSigned(logit, 3)}</td></tr>`,
      )
      .join('\n')}</table>\n</div>`;
  return section(
    'Next tokens it promotes and suppresses',
    `<p class="quiet">Change of the token’s logit per unit of activation over the direct path, minus the mean over the vocabulary. Norm of the decoder row: ${formatFixed(card.decoderNorm, 3)}.</p>
<div class="columns">${list('Promoted', card.promoted)}${list('Suppressed', card.suppressed)}</div>`,
  );
}

function histogram(statistics: FeatureStatistics | undefined): string {
  if (!statistics) return '';
  const { count, tokens, mean, max, edges, histogram: counts } = statistics;
  const rate = `<p>Fires on ${formatCount(count)} of ${formatCount(tokens)} tokens (${formatPercent(tokens > 0 ? count / tokens : 0)})${count > 0 ? `, mean ${formatActivation(mean)}, largest ${formatActivation(max)}` : ''}.</p>`;
  const { from, to } = filledBins(statistics);
  if (from === to) return section('Activations', rate);
  const most = counts.reduce((a, b) => Math.max(a, b), 0);
  const width = PLOT_WIDTH / (to - from);
  const bars = counts
    .slice(from, to)
    .map((bar, i) => {
      const height = (BAR_HEIGHT * bar) / most;
      const what = `${formatActivation(edges[from + i]!)} to ${formatActivation(edges[from + i + 1]!)}: ${formatCount(bar)} tokens`;
      return `<rect x="${(i * width).toFixed(2)}" y="${(BAR_HEIGHT - height).toFixed(2)}" width="${(width - 1).toFixed(2)}" height="${height.toFixed(2)}"><title>${what}</title></rect>`;
    })
    .join('\n');
  const ends = `<text x="0" y="${BAR_HEIGHT + 14}">${formatActivation(edges[from]!)}</text><text x="${PLOT_WIDTH}" y="${BAR_HEIGHT + 14}" text-anchor="end">${formatActivation(edges[to]!)}</text>`;
  return section(
    'Activations',
    `${rate}
<svg viewBox="0 0 ${PLOT_WIDTH} ${BAR_HEIGHT + 20}" role="img" aria-label="Histogram of the values above zero, from ${formatActivation(edges[from]!)} to ${formatActivation(edges[to]!)}, in bins of equal width on a log scale">
${bars}
${ends}
</svg>`,
  );
}

function examples(record: FeatureRecord): string {
  const groups = (record.examples?.groups ?? []).filter((group) => group.examples.length > 0);
  if (groups.length === 0) return '';
  const largest = groups[0]!.examples.reduce((most, { value }) => Math.max(most, value), 0);
  const max = Math.max(record.statistics?.max ?? 0, largest);
  const lists = groups.map(
    (group) =>
      `<h3>${heading(group)}</h3>\n<ol>${group.examples.map((example) => exampleRow(example, max)).join('\n')}</ol>`,
  );
  return section(
    'Where it fires',
    `<p class="quiet">Tokens are tinted by the activation on a log scale; the underlined one is what the line is of.</p>\n${lists.join('\n')}`,
  );
}

function heading({ kind, low, high, share, exact, searched }: ExampleGroup): string {
  if (kind === 'top') return 'Largest values';
  if (kind === 'interval')
    return `${formatActivation(low)} to ${formatActivation(high)}: ${exact ? '' : 'about '}${formatPercent(share)} of its firings`;
  const among = searched ? `, among ${formatCount(searched.tokens)} tokens looked through` : '';
  return `Near misses: not active, but almost${among}`;
}

function exampleRow({ tokens, values, at, value, metadata }: ScanExample, max: number): string {
  const text = tokens.map((one, i) => {
    const step = tintStep(values[i] ?? 0, max);
    const inside = tokenInText(one);
    const of = i === at ? `<b>${inside}</b>` : inside;
    if (step === 0) return of;
    return `<span class="t${step}" title="${formatActivation(values[i]!)}">${of}</span>`;
  });
  const where = metadata.filter(Boolean).slice(0, 4).map(shown).join(' · ');
  return `<li><b>${formatActivation(value)}</b><div><p class="text">${text.join('')}</p>${where === '' ? '' : `<small>${where}</small>`}</div></li>`;
}

/** A leading space stays one, so that the text breaks between words. */
const tokenInText = (text: string): string =>
  text.startsWith(' ') ? ` ${token(text.slice(1))}` : token(text);

/** As `activationRatio` of the page, in steps: 0 where it is not active. */
export function tintStep(value: number, max: number): number {
  if (!(value > 0) || !(max > 0)) return 0;
  return Math.max(1, Math.round(TINT_STEPS * Math.log10(1 + 9 * Math.min(1, value / max))));
}

function related({ card, partners }: FeatureRecord): string {
  const near = card?.neighbours
    .slice(0, MOST_LISTED)
    .map(({ index, cosine }) => `<tr><td>#${index}</td><td class="n">${formatFixed(cosine, 3)}</td></tr>`);
  const firing = partners?.partners
    .slice(0, MOST_LISTED)
    .map(
      (one) =>
        `<tr><td>#${one.feature}</td><td class="n">${formatPercent(one.share)}</td><td class="n">×${formatFixed(one.lift, 1)}</td></tr>`,
    );
  const lists = [
    near?.length ? `<div><h3>By cosine of decoder rows</h3><table>${near.join('\n')}</table></div>` : '',
    firing?.length
      ? `<div><h3>Fire on the same tokens: share of its own, against chance</h3><table>${firing.join('\n')}</table></div>`
      : '',
  ].join('');
  return lists === '' ? '' : section('Related features', `<div class="columns">${lists}</div>`);
}

function about({ about: found }: FeatureRecord): string {
  if (!found) return '';
  const metadata = found.metadata
    .slice(0, MOST_LISTED)
    .map(
      ({ field, value, share, rate }) =>
        `<tr><td>${shown(field)} = ${shown(value)}</td><td class="n">${formatPercent(share)}</td><td class="n">${formatPercent(rate)}</td></tr>`,
    );
  const labels = found.labels
    .slice(0, MOST_LISTED)
    .map(
      ({ label, precision, recall, f1 }) =>
        `<tr><td>${shown(label)}</td><td class="n">${formatFixed(precision)}</td><td class="n">${formatFixed(recall)}</td><td class="n">${formatFixed(f1)}</td></tr>`,
    );
  const tables = [
    metadata.length > 0
      ? `<div><h3>Texts it fires in: share of its firings, rate of all</h3><table>${metadata.join('\n')}</table></div>`
      : '',
    labels.length > 0
      ? `<div><h3>Labels it tells: precision, recall, F1</h3><table>${labels.join('\n')}</table></div>`
      : '',
  ].join('');
  return tables === '' ? '' : section('What tells where it fires', `<div class="columns">${tables}</div>`);
}
