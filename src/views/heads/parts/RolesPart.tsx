import { useEffect } from 'react';
import { headDictionary, useRoles } from '../../../state/roles.ts';
import { usePage } from '../../../state/store.ts';
import { Ablations } from '../roles/Ablations.tsx';
import { headOf } from '../roles/derived.ts';
import { Overview } from '../roles/Overview.tsx';
import { RoleCards } from '../roles/RoleCards.tsx';
import '../roles/roles.css';
import { Sensitivity } from '../roles/Sensitivity.tsx';
import { Progressing, Summary } from '../roles/Summary.tsx';

/** How many unrelated things a head does, with the evidence. */
export default function RolesPart() {
  const follow = useRoles((state) => state.follow);
  const layer = usePage((state) => state.view.layer);
  const head = usePage((state) => state.view.head);
  const layers = useRoles((state) => state.layers);
  useEffect(follow, [follow]);
  const measured = headOf(layers, layer, head);
  return (
    <div className="roles-part">
      <NoDictionary layer={layer} />
      {layer !== null && head !== null ? (
        <Summary layer={layer} head={head} />
      ) : (
        <section className="panel" aria-label="Roles of a layer">
          <p className="quiet-text">Choose a head to see its roles; below are all that are measured.</p>
          {layer !== null && <Progressing layer={layer} />}
        </section>
      )}
      {measured && (
        <>
          <RoleCards head={measured.found} />
          <div className="roles-evidence">
            <Ablations head={measured.found} />
            <Sensitivity head={measured.found} threshold={measured.of.threshold} />
          </div>
        </>
      )}
      <Overview />
    </div>
  );
}

function NoDictionary({ layer }: { layer: number | null }) {
  const missing = usePage(
    ({ opened }) => opened !== undefined && layer !== null && !headDictionary(opened, layer),
  );
  const goTo = usePage((state) => state.goTo);
  if (!missing) return null;
  return (
    <p className="row note" role="status">
      Roles are made of the features of a dictionary on blocks.{layer}.attn.hook_z, and none is open for this
      model.
      <button type="button" onClick={() => goTo('models')}>
        Look for one in Models
      </button>
    </p>
  );
}
