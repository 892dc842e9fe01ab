import { usePage } from '../../state/store.ts';
import { Corpora } from './Corpora.tsx';
import './prompts.css';
import { Scan } from './Scan.tsx';
import { ScanOverview } from './ScanOverview.tsx';
import { Upload } from './Upload.tsx';

/** The visitor's texts on the left; on the right what reading them all says. */
export default function PromptsView() {
  const model = usePage((state) => state.opened?.model);
  if (!model) return null;
  return (
    <div className="prompts">
      <h1 className="visually-hidden">Prompts</h1>
      <div className="prompts-side">
        <Upload />
        <Corpora />
      </div>
      <div className="prompts-main">
        <Scan />
        <ScanOverview />
      </div>
    </div>
  );
}
