import { useId, useRef, useState } from 'react';
import { usePage } from '../../state/store.ts';
import { type Theme, THEMES, useTheme } from '../../state/theme.ts';
import { views } from '../registry.ts';
import { formatBytes, formatCount } from '../shared/format.ts';
import { BackendSelect } from './BackendSelect.tsx';
import { FilesMenu } from './FilesMenu.tsx';
import { HelpDialog } from './HelpDialog.tsx';

export function Header() {
  const help = useRef<HTMLDialogElement>(null);
  return (
    <header className="site-head">
      <span className="brand">
        <img src="./icon.svg" alt="" width="22" height="22" />
        Facet
      </span>
      <Navigation />
      <span className="grow" />
      <OpenModel />
      <CopyLink />
      <FilesMenu />
      <ThemeChoice />
      <button type="button" className="quiet" onClick={() => help.current?.showModal()}>
        Help
      </button>
      <HelpDialog ref={help} />
    </header>
  );
}

function Navigation() {
  const current = usePage((state) => state.view.view);
  const goTo = usePage((state) => state.goTo);
  if (views.length < 2) return null;
  return (
    <nav aria-label="Views">
      {views.map(({ id, title, description }) => (
        <button
          key={id}
          type="button"
          className="quiet"
          title={description}
          aria-current={id === current ? 'page' : undefined}
          onClick={() => id !== current && goTo(id)}
        >
          {title}
        </button>
      ))}
    </nav>
  );
}

/** Stands for what the menu does not list; no reference looks like this. */
const OTHERS = '*';

/** Which model, dictionary and adapter the numbers come from; the dictionary can be changed here. */
function OpenModel() {
  const opened = usePage((state) => state.opened);
  const switching = usePage((state) => state.switching);
  const chooseDictionary = usePage((state) => state.chooseDictionary);
  const goTo = usePage((state) => state.goTo);
  const select = useId();
  if (!opened) return null;
  const { model, dictionary, dictionaries, adapter } = opened;
  return (
    <div className="open-model">
      <span
        className="roomy-only"
        title={`${formatCount(model.parameters)} parameters, ${model.nLayers} layers of ${model.nHeads} heads, d_model ${model.dModel}, context ${model.nCtx}, licence ${model.license}`}
      >
        {model.title}
      </span>
      <label htmlFor={select} className="visually-hidden">
        Dictionary, by the hook it reads
      </label>
      <select
        id={select}
        value={dictionary?.id ?? ''}
        onChange={({ target: { value } }) =>
          value === OTHERS ? goTo('models', { look: model.id }) : void chooseDictionary(value)
        }
      >
        {!dictionary && <option value="">no dictionary</option>}
        {dictionaries.map(({ id, title, hook, bytes }) => (
          <option key={id} value={id}>
            {hook} — {title}
            {bytes > 0 && ` (${formatBytes(bytes)})`}
          </option>
        ))}
        <option value={OTHERS}>other dictionaries …</option>
      </select>
      {switching && (
        <span role="status" className="small">
          {switching.phase}{' '}
          {switching.total > 0 && `${Math.round((100 * switching.done) / switching.total)} %`}
        </span>
      )}
      <span className="wide-only">
        <BackendSelect label="Computed by" adapter={adapter} />
      </span>
    </div>
  );
}

function CopyLink() {
  const link = usePage((state) => state.link);
  const [said, setSaid] = useState('');
  const copy = async (): Promise<void> => {
    try {
      const address = await link();
      await navigator.clipboard.writeText(address);
      setSaid(address.includes('&long=') ? 'Link copied; the text is too long to be in it' : 'Link copied');
    } catch {
      setSaid('Copy it from the address bar');
    }
    setTimeout(() => setSaid(''), 4000);
  };
  return (
    <>
      <button type="button" onClick={() => void copy()}>
        Copy link
      </button>
      <span role="status" className="small toast-inline">
        {said}
      </span>
    </>
  );
}

const THEME_NAMES: Record<Theme, string> = { system: 'System', light: 'Light', dark: 'Dark' };

function ThemeChoice() {
  const { theme, setTheme } = useTheme();
  return (
    <select
      aria-label="Colours"
      value={theme}
      onChange={(event) => setTheme(event.target.value as Theme)}
      className="theme-choice"
    >
      {THEMES.map((choice) => (
        <option key={choice} value={choice}>
          {THEME_NAMES[choice]}
        </option>
      ))}
    </select>
  );
}
