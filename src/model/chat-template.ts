import type { Interpreter } from '@huggingface/jinja';
import { FacetError } from '../shared/errors.ts';

/** Templates in use have some thousand characters; the longest known, with tools, some twenty thousand. */
const LONGEST_TEMPLATE = 2 ** 16;
/** What running a template may take: steps of the interpreter, and the size of any value on the way. */
const MOST_STEPS = 200_000;
const MOST_ENTRIES = 100_000;
const MOST_CHARACTERS = 4_000_000;

export interface ChatTurn {
  role: string;
  content: string;
}

/** A template's own `raise_exception`, e.g. because it knows no system role. */
class Refused extends Error {}

/**
 * A conversation as the text a model reads, up to where the assistant speaks. The template is a program from a model's
 * files: it can only make text, and is stopped when it takes long.
 * @param tokens texts of the special tokens that templates name, e.g. `bos_token`
 * @throws FacetError `bad-input` when the template refuses the conversation, `unsupported` when it cannot be run
 * @source transformers 5 `render_jinja_template`: blocks trimmed on both sides, `add_generation_prompt`
 */
export async function renderChat(
  template: string,
  messages: readonly ChatTurn[],
  tokens: Readonly<Record<string, string>>,
): Promise<string> {
  if (template.length > LONGEST_TEMPLATE) {
    throw new FacetError(
      'unsupported',
      `The model's chat template has ${template.length.toLocaleString('en')} characters; at most ${LONGEST_TEMPLATE.toLocaleString('en')} are read.`,
      { hint: 'Write the conversation as text.' },
    );
  }
  const jinja = await import('@huggingface/jinja');
  /** Counts as it goes, because nothing else could stop an endless template. */
  class Bounded extends jinja.Interpreter {
    #steps = 0;

    override evaluate(...given: Parameters<Interpreter['evaluate']>): ReturnType<Interpreter['evaluate']> {
      if (++this.#steps > MOST_STEPS) throw new Error('it takes too long');
      const result = super.evaluate(...given);
      const { value } = result;
      if ((Array.isArray(value) && value.length > MOST_ENTRIES) || sizeOf(value) > MOST_CHARACTERS)
        throw new Error('it makes too much');
      return result;
    }
  }
  try {
    const environment = new jinja.Environment();
    const names = {
      ...CONSTANTS,
      raise_exception: (message: unknown) => {
        throw new Refused(typeof message === 'string' ? message : 'no reason given');
      },
      range,
      strftime_now: (format: unknown) => formatted(new Date(), String(format)),
      ...tokens,
      messages: messages.map(({ role, content }) => ({ role, content })),
      add_generation_prompt: true,
    };
    for (const [name, value] of Object.entries(names)) environment.set(name, value);
    const program = jinja.parse(jinja.tokenize(template, { lstrip_blocks: true, trim_blocks: true }));
    const { value } = new Bounded(environment).run(program);
    if (typeof value !== 'string') throw new Error('it makes no text');
    return value;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.slice(0, 200) : String(cause);
    if (cause instanceof Refused)
      throw new FacetError('bad-input', `The model's chat template refuses this conversation: ${message}`, {
        hint: 'Change the roles of the messages, or write the conversation as text.',
        cause,
      });
    throw new FacetError('unsupported', `The model's chat template cannot be used: ${message}.`, {
      hint: 'Write the conversation as text.',
      cause,
    });
  }
}

const CONSTANTS = { true: true, false: false, none: null, True: true, False: false, None: null };

const sizeOf = (value: unknown): number => (typeof value === 'string' ? value.length : 0);

/** Python's. */
function range(...bounds: unknown[]): number[] {
  const given = bounds.filter((bound) => bound !== undefined).map(Number);
  const [start, stop, step] =
    given.length === 1 ? [0, given[0]!, 1] : [given[0] ?? 0, given[1] ?? 0, given[2] ?? 1];
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (!(count <= MOST_ENTRIES)) throw new Error('it makes too much');
  return Array.from({ length: count }, (_, i) => start + i * step);
}

const MONTHS = [
  'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November',
  'December',
]; // oxfmt-ignore

/** The fields of Python's strftime that chat templates use; others stay as they are. */
function formatted(date: Date, format: string): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const month = MONTHS[date.getMonth()]!;
  const fields: Record<string, string> = {
    '%Y': String(date.getFullYear()),
    '%m': two(date.getMonth() + 1),
    '%d': two(date.getDate()),
    '%B': month,
    '%b': month.slice(0, 3),
    '%H': two(date.getHours()),
    '%M': two(date.getMinutes()),
    '%S': two(date.getSeconds()),
    '%%': '%',
  };
  return format.replace(/%[YmdBbHMS%]/g, (field) => fields[field]!);
}
