/** What an embedded feature shows: Neuronpedia's flags, in the query before the fragment. All are on unless switched off. */
export const EMBED_FLAGS = {
  embedexplanation: 'Label and explanation',
  embedplots: 'Tokens it promotes, and histograms',
  embedactivations: 'Examples',
  embedtest: 'Test on a text',
  embedtestfield: 'Field for the test’s text',
  embedsteer: 'Way to steer with it',
  embedlink: 'Link to the whole page',
} as const;
export type EmbedFlag = keyof typeof EMBED_FLAGS;

export interface Embed {
  show: Readonly<Record<EmbedFlag, boolean>>;
  /** Read in place of the link's text. */
  testText?: string;
  /** What whoever embeds it calls the feature: labels are in one's own browser, not in links. */
  label?: string;
}

/** Pixels; the size Neuronpedia's own embeds have. */
export const EMBED_SIZE = { width: 540, height: 300 } as const;
const MAX_TEST = 2_000;
const MAX_LABEL = 200;
const flags = Object.keys(EMBED_FLAGS) as EmbedFlag[];
const isOff = (value: string | null): boolean => value !== null && /^(false|0|no)$/i.test(value);

/** @param query `location.search` @returns undefined where the page is to be shown whole */
export function readEmbed(query: string): Embed | undefined {
  const fields = new URLSearchParams(query);
  if (!fields.has('embed') || isOff(fields.get('embed'))) return undefined;
  const show = Object.fromEntries(flags.map((flag) => [flag, !isOff(fields.get(flag))]));
  const testText = fields.get('defaulttesttext')?.slice(0, MAX_TEST);
  const label = fields.get('label')?.slice(0, MAX_LABEL);
  return { show: show as Embed['show'], ...(testText && { testText }), ...(label && { label }) };
}

/** The query that `readEmbed` reads. */
export function writeEmbed({ show, testText, label }: Embed): string {
  const off = flags.filter((flag) => !show[flag]).map((flag) => `${flag}=false`);
  const texts = [
    ['defaulttesttext', testText?.slice(0, MAX_TEST)],
    ['label', label?.slice(0, MAX_LABEL)],
  ].flatMap(([name, text]) => (text ? [`${name}=${encodeURIComponent(text.toWellFormed())}`] : []));
  return `?${['embed=true', ...off, ...texts].join('&')}`;
}

/** @param address of the feature's whole page, with its fragment */
export function embedAddress(address: string, embed: Embed): string {
  const url = new URL(address);
  url.search = writeEmbed(embed);
  return url.href;
}

/** The whole page behind an embedded one. */
export function wholeAddress(address: string): string {
  const url = new URL(address);
  url.search = '';
  return url.href;
}

const quoted = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Code for other pages. Frames of pages that are not secure have no WebGPU. */
export function embedCode(
  address: string,
  title: string,
  size: { width: number; height: number } = EMBED_SIZE,
): string {
  return `<iframe src="${quoted(address)}" title="${quoted(title)}" width="${size.width}" height="${size.height}" style="border: 1px solid #ccc" allow="clipboard-write" loading="lazy"></iframe>`;
}
