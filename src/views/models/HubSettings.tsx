import { type FormEvent, useId, useState } from 'react';
import { useLibrary } from '../../state/library.ts';
import { Section } from './Section.tsx';

/** Which hub is asked and as whom. */
export function HubSettings() {
  const id = useId();
  const hub = useLibrary((state) => state.hub);
  const configure = useLibrary((state) => state.configure);
  const forgetToken = useLibrary((state) => state.forgetToken);
  const [said, setSaid] = useState('');
  const save = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    const content = new FormData(form);
    const text = (name: string): string => {
      const value = content.get(name);
      return typeof value === 'string' ? value.trim() : '';
    };
    const token = text('token');
    const settings = { endpoint: text('endpoint'), remember: content.has('remember') };
    const done = await configure(token === '' ? settings : { ...settings, token });
    // Out of the document as soon as the library has it.
    if (done) form.querySelector<HTMLInputElement>('[name=token]')!.value = '';
    setSaid(done ? 'Saved.' : '');
  };
  if (!hub) return null;
  return (
    <Section
      title="Hub and access token"
      about={
        <p>
          Repositories are read from this address, by the two calls and the file addresses of the Hugging Face
          Hub. Mirrors that speak the same work as well.
        </p>
      }
    >
      <form
        className="hub-form"
        key={hub.endpoint + String(hub.remembered)}
        onSubmit={(event) => void save(event)}
        autoComplete="off"
      >
        <label htmlFor={`${id}-endpoint`}>Address of the hub</label>
        <input
          id={`${id}-endpoint`}
          name="endpoint"
          type="url"
          required
          defaultValue={hub.endpoint}
          spellCheck={false}
        />
        <label htmlFor={`${id}-token`}>Access token, for gated and private repositories</label>
        <input
          id={`${id}-token`}
          name="token"
          type="password"
          autoComplete="off"
          placeholder={hub.hasToken ? 'one is in use' : 'none'}
          aria-describedby={`${id}-where`}
        />
        <p id={`${id}-where`} className="small">
          Sent to {new URL(hub.endpoint).host} only, with requests for files; never part of a link, and gone
          when the page is closed unless you have it remembered here. One that may only read is enough.
        </p>
        <label className="tick-box">
          <input name="remember" type="checkbox" defaultChecked={hub.remembered} /> Remember address and token
          on this device
        </label>
        <p className="row">
          <button type="submit">Save</button>
          {hub.hasToken && (
            <button type="button" onClick={() => void forgetToken().then(() => setSaid('Token forgotten.'))}>
              Forget the token
            </button>
          )}
          <span role="status" className="small">
            {said} {hub.hasToken ? 'A token is in use.' : ''}
          </span>
        </p>
      </form>
    </Section>
  );
}
