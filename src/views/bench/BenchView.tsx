import { useEffect, useState } from 'react';
import { useSpeed } from '../../state/speed.ts';
import { usePage } from '../../state/store.ts';
import { Chosen } from './Chosen.tsx';
import { Kernels } from './Kernels.tsx';
import { LoadTimes } from './LoadTimes.tsx';
import { Roofline } from './Roofline.tsx';
import './speed.css';
import { Times } from './Times.tsx';
import { Variants } from './Variants.tsx';
import { shownOf, useResults } from './words.ts';

/** What is timed, what came of it, and where it lies under the roof. */
export default function BenchView() {
  const load = useSpeed((state) => state.load);
  const bringPacked = useSpeed((state) => state.bringPacked);
  const packed = usePage((state) => state.view.times);
  const all = useResults();
  const [chosen, setChosen] = useState({ shown: '', beside: '' });
  useEffect(() => void load(), [load]);
  useEffect(() => {
    if (packed !== '') void bringPacked(packed);
  }, [packed, bringPacked]);
  const shown = shownOf(all, chosen.shown) ?? all[0];
  // Own times on the other backend stand beside these until something else is chosen.
  const other = all.find((one) => one !== shown && one.from === undefined);
  const beside = chosen.beside === '' ? other : all.find((one) => one.key === chosen.beside && one !== shown);
  return (
    <div className="speed">
      <h1 className="visually-hidden">Speed</h1>
      <Chosen />
      <Times all={all} shown={shown} beside={beside} onChoose={setChosen} />
      {shown && <Roofline shown={shown} />}
      {shown && <Kernels shown={shown} />}
      <Variants />
      <LoadTimes />
    </div>
  );
}
