import { useEffect, useState } from 'react';
import type { KeptScan } from '../../engine/protocol.ts';
import { useScans } from '../../state/scans.ts';
import { usePage } from '../../state/store.ts';
import { formatBytes, formatCount, formatPercent } from '../shared/format.ts';
import { VirtualRows } from '../shared/VirtualRows.tsx';

const ROW = 56;

/** What other texts and dictionaries have been read: to go back to, or to be removed. */
export function KeptScans() {
  const kept = useScans((state) => state.kept);
  const wantKept = useScans((state) => state.wantKept);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    void wantKept();
  }, [wantKept]);
  if (kept.length === 0) return null;
  const bytes = kept.reduce((sum, scan) => sum + scan.bytes, 0);
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        Kept on this device: {formatCount(kept.length)} {kept.length === 1 ? 'scan' : 'scans'},{' '}
        {formatBytes(bytes)}
      </summary>
      {open && (
        <div className="kept-scans" style={{ height: Math.min(280, ROW * kept.length) }}>
          <VirtualRows label="Kept scans" count={kept.length} rowHeight={ROW} keyOf={(i) => kept[i]!.id}>
            {(i) => <Row scan={kept[i]!} />}
          </VirtualRows>
        </div>
      )}
    </details>
  );
}

function Row({ scan }: { scan: KeptScan }) {
  const opened = usePage((state) => state.opened);
  const over = usePage((state) => state.view.over);
  const chooseDictionary = usePage((state) => state.chooseDictionary);
  const { remove, showOver } = useScans();
  const [sure, setSure] = useState(false);
  const ours = opened?.model.id === scan.model;
  const shown = ours && opened.dictionary?.id === scan.dictionary && over === scan.corpus;
  const show = async (): Promise<void> => {
    if (opened?.dictionary?.id !== scan.dictionary) await chooseDictionary(scan.dictionary);
    await showOver(scan.corpus);
  };
  return (
    <div className="kept-scan">
      <span className="kept-scan-what">
        <strong>{scan.corpusName}</strong> · <code>{scan.dictionary}</code>
        <span className="small">
          {formatCount(scan.items)} of {formatCount(scan.totalItems)} texts (
          {formatPercent(scan.items / scan.totalItems)}), {formatCount(scan.tokens)} tokens,{' '}
          {formatBytes(scan.bytes)}
          {!ours && ` · of ${scan.model}`}
        </span>
      </span>
      {shown ? (
        <span className="badge">shown</span>
      ) : (
        <button type="button" className="quiet" disabled={!ours} onClick={() => void show()}>
          Show
        </button>
      )}
      <button
        type="button"
        className="quiet"
        aria-label={
          sure ? `Yes, remove the scan of ${scan.corpusName}` : `Remove the scan of ${scan.corpusName}`
        }
        onClick={() => (sure ? void remove(scan.id) : setSure(true))}
        onBlur={() => setSure(false)}
      >
        {sure ? 'Really remove' : 'Remove'}
      </button>
    </div>
  );
}
