import { DropdownMenu } from 'radix-ui';
import { useRef, useState } from 'react';
import type { FeatureRecord } from '../../exchange/feature-record.ts';
import { FacetError } from '../../shared/errors.ts';
import { usePage } from '../../state/store.ts';
import { fileName, save } from '../shared/download.ts';
import { Trouble } from '../shared/Trouble.tsx';
import { EmbedDialog } from './EmbedDialog.tsx';

interface Format {
  name: string;
  file: (record: FeatureRecord) => string;
  write: (record: FeatureRecord) => Promise<Blob>;
}

const json = (found: unknown): Blob => new Blob([`${JSON.stringify(found)}\n`], { type: 'application/json' });

/** Each is fetched when it is first chosen. */
const FORMATS: readonly Format[] = [
  {
    name: 'Page of its own (HTML)',
    file: ({ feature }) => fileName(`feature ${feature}`, 'html'),
    write: async (record) => {
      const { featureHtml } = await import('../../exchange/feature-html.ts');
      return new Blob([featureHtml(record)], { type: 'text/html' });
    },
  },
  {
    name: 'Neuronpedia’s JSON',
    file: ({ feature }) => fileName(`feature ${feature} neuronpedia`, 'json'),
    write: async (record) => json((await import('../../exchange/neuronpedia.ts')).writeNeuronpedia(record)),
  },
  {
    name: 'sae_vis’s JSON, by quantile',
    file: ({ feature }) => fileName(`feature ${feature} sae vis`, 'json'),
    write: async (record) => json((await import('../../exchange/sae-vis.ts')).writeQuantiles(record)),
  },
];

/** The open feature as a file, or as a frame in another page. */
export function FeatureExport() {
  const feature = usePage((state) => state.view.feature);
  const dialog = useRef<HTMLDialogElement>(null);
  const [working, setWorking] = useState(false);
  const [failure, setFailure] = useState<FacetError>();
  if (feature === null) return null;
  const write = async ({ file, write: content }: Format): Promise<void> => {
    setWorking(true);
    setFailure(undefined);
    try {
      const { gatherFeature } = await import('../../state/feature-file.ts');
      const record = await gatherFeature(feature);
      save(file(record), await content(record));
    } catch (thrown) {
      setFailure(FacetError.from(thrown));
    } finally {
      setWorking(false);
    }
  };
  return (
    <>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger className="feature-export" disabled={working}>
          {working ? 'Collecting …' : 'Export page'}
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal container={document.getElementById('main')}>
          <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
            {FORMATS.map((format) => (
              <DropdownMenu.Item key={format.name} onSelect={() => void write(format)}>
                {format.name}
              </DropdownMenu.Item>
            ))}
            <DropdownMenu.Item onSelect={() => dialog.current?.showModal()}>
              Embed in another page …
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      <span role="status" className="visually-hidden">
        {working ? 'Collecting what is known of the feature' : ''}
      </span>
      <Trouble error={failure} />
      <EmbedDialog ref={dialog} feature={feature} />
    </>
  );
}
