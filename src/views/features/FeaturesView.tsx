import { Tabs } from 'radix-ui';
import { usePage } from '../../state/store.ts';
import { FEATURE_TABS, type ViewState } from '../../state/view-state.ts';
import { FeatureCompare } from './FeatureCompare.tsx';
import { FeatureIndex } from './FeatureIndex.tsx';
import { FeatureLabels } from './FeatureLabels.tsx';
import { FeatureMap } from './FeatureMap.tsx';
import { FeaturePage } from './FeaturePage.tsx';
import { FeatureSearch } from './FeatureSearch.tsx';
import '../shared/tabs.css';
import './features.css';

const TITLES: Record<ViewState['tab'], string> = {
  list: 'All features',
  search: 'Search',
  compare: 'Compare',
  map: 'Map',
  labels: 'Labels',
};
const PARTS = {
  list: FeatureIndex,
  search: FeatureSearch,
  compare: FeatureCompare,
  map: FeatureMap,
  labels: FeatureLabels,
} as const;

/** The page of the open feature, or the ways to find one. */
export default function FeaturesView() {
  const dictionary = usePage((state) => state.opened?.dictionary);
  const feature = usePage((state) => state.view.feature);
  const tab = usePage((state) => state.view.tab);
  const change = usePage((state) => state.change);
  if (!dictionary)
    return <p className="quiet-text features">Features need a dictionary: choose one above.</p>;
  if (feature !== null) return <FeaturePage key={`${dictionary.digest}/${feature}`} />;
  return (
    <div className="features">
      <h1 className="visually-hidden">Features</h1>
      <Tabs.Root value={tab} onValueChange={(next) => change({ tab: next as ViewState['tab'] })}>
        <Tabs.List aria-label="Ways to find features" className="tabs">
          {FEATURE_TABS.map((id) => (
            <Tabs.Trigger key={id} value={id} className="tab">
              {TITLES[id]}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {FEATURE_TABS.map((id) => {
          const Part = PARTS[id];
          return (
            <Tabs.Content key={id} value={id}>
              <Part />
            </Tabs.Content>
          );
        })}
      </Tabs.Root>
    </div>
  );
}
