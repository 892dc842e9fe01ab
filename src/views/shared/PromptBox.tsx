import { useEffect, useId, useRef } from 'react';
import { usePage } from '../../state/store.ts';
import { DEFAULT_TEXT } from '../../state/view-state.ts';
import { formatCount } from './format.ts';
import { Info } from './Info.tsx';
import './text.css';
import { TokenMirror } from './TokenMirror.tsx';

const SAMPLES: readonly (readonly [string, string])[] = [
  ['Story and indirect object', DEFAULT_TEXT],
  ['Indirect object', 'When Mary and John got a lamp at the station, Mary decided to give it to'],
  [
    'Greater than',
    'The great war started in 1480 and was over by 1489. The treaty lasted from the year 1732 to the year 17',
  ],
  [
    'Repeated words',
    ' song fox race nine salt hair little square sailor tiny ; song fox race nine salt hair little square',
  ],
  [
    'Agreement',
    'The painters next to the kings from the flower have a ready roof. The trees near the dog beside the table',
  ],
  [
    'Quotes and brackets',
    '"Paul told me \'Look at the golden box\'," whispered Mary. [ cup rabbit ( apple { red goat } ) ].',
  ],
  [
    'Docstring',
    'def move(score, item, text):\n    """Move an image.\n\n    :param score: how far to go\n    :param item: where to begin\n    :param',
  ],
  [
    'Plain English',
    'It is a truth universally acknowledged, that a single man in possession of a good fortune',
  ],
];

/** The text to read. Every change is read at once; a text longer than the context is read through a window. */
export function PromptBox() {
  const id = useId();
  const text = usePage((state) => state.view.text);
  const setText = usePage((state) => state.setText);
  const tokenized = usePage((state) => state.tokenized);
  const analysing = usePage((state) => state.analysing);
  const before = usePage(({ analysis }) =>
    analysis && analysis.prefix > 0 ? analysis.tokens[0]?.text : undefined,
  );
  const mirror = useRef<HTMLDivElement>(null);
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    // The width of the text changes with the box, and when a scrollbar comes or goes.
    const observer = new ResizeObserver(() => {
      if (mirror.current && box.current) mirror.current.style.width = `${box.current.clientWidth + 2}px`;
    });
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  const total = tokenized?.totalTokens ?? 0;
  return (
    <section className="panel" aria-labelledby={`${id}-title`}>
      <header className="panel-head">
        <h2 id={`${id}-title`}>
          <label htmlFor={id}>Text</label>
        </h2>
        <Info label="How the text is read">
          The text is split into the model’s own tokens as you type (the boxes behind it) and read at once,{' '}
          {before === undefined ? 'with nothing' : `with the special token ${before}`} before it. It stays in
          this page and in its link.
        </Info>
        <span className="grow" />
        <label className="visually-hidden" htmlFor={`${id}-sample`}>
          Sample text
        </label>
        <select
          id={`${id}-sample`}
          value=""
          onChange={(event) => setText(SAMPLES[Number(event.target.value)]![1])}
        >
          <option value="" disabled>
            Sample texts
          </option>
          {SAMPLES.map(([name], index) => (
            <option key={name} value={index}>
              {name}
            </option>
          ))}
        </select>
      </header>
      <div className="prompt-wrap">
        <TokenMirror ref={mirror} text={text} tokenized={tokenized} />
        <textarea
          ref={box}
          id={id}
          className="prompt"
          rows={3}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          value={text}
          placeholder="Type or paste a text"
          onChange={(event) => setText(event.target.value)}
          onScroll={(event) => {
            if (mirror.current) mirror.current.scrollTop = event.currentTarget.scrollTop;
          }}
        />
      </div>
      <p className="prompt-meta small">
        {formatCount(total)} {total === 1 ? 'token' : 'tokens'} · {formatCount(text.length)} characters
        {analysing ? ' · reading …' : ''}
      </p>
      {tokenized?.notes.map((note) => (
        <p key={note} className="small note">
          {note}
        </p>
      ))}
      <WindowChoice />
    </section>
  );
}

/** Where the window lies in a text longer than the context, and a slider to move it. */
function WindowChoice() {
  const id = useId();
  const tokenized = usePage((state) => state.tokenized);
  const nCtx = usePage((state) => state.opened?.model.nCtx ?? 0);
  const prefix = usePage((state) => state.analysis?.prefix ?? 1);
  const setWindow = usePage((state) => state.setWindow);
  const room = nCtx - prefix;
  if (!tokenized || tokenized.totalTokens <= room) return null;
  const { windowStart, totalTokens } = tokenized;
  const latest = totalTokens - room;
  return (
    <div className="window-choice">
      <p className="small">
        The model reads {formatCount(room)} tokens at a time. Shown: tokens {formatCount(windowStart + 1)} to{' '}
        {formatCount(windowStart + room)} of {formatCount(totalTokens)}; the other{' '}
        {formatCount(totalTokens - room)} are not read now.
      </p>
      <label htmlFor={id} className="small">
        Start of the window
      </label>
      <input
        id={id}
        type="range"
        min={0}
        max={latest}
        step={1}
        value={windowStart}
        aria-valuetext={`from token ${windowStart + 1}`}
        onChange={(event) => setWindow(Number(event.target.value))}
      />
      <span className="row">
        <button
          type="button"
          disabled={windowStart === 0}
          onClick={() => setWindow(Math.max(0, windowStart - room))}
        >
          Before
        </button>
        <button
          type="button"
          disabled={windowStart === latest}
          onClick={() => setWindow(Math.min(latest, windowStart + room))}
        >
          After
        </button>
      </span>
    </div>
  );
}
