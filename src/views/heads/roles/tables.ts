import type { HeadRoles, LayerRoles } from '../../../engine/protocol.ts';
import type { TableData } from '../../shared/download.ts';
import { agreement, powerParts, separateRoles } from './derived.ts';
import { shortVerdict } from './words.ts';

const numberOrNone = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;

const listed = <Item>(items: readonly Item[], say: (item: Item) => string): string =>
  items.map(say).join('; ');

export function powersTable(head: HeadRoles): TableData {
  return {
    columns: ['part', 'title', 'share of the head’s output power', 'share of explained power'],
    rows: powerParts(head).map(({ kind, role, power }) => {
      if (role === undefined) return [kind, null, power, kind === 'others' ? head.others.weight : null];
      const { title, weight } = head.roles[role]!;
      return [`role ${role + 1}`, title, power, weight];
    }),
  };
}

export function rolesTable({ roles }: HeadRoles): TableData {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  return {
    columns: [
      'role', 'title', 'families', 'weight', 'power', 'latents', 'labels (F1)', 'reads', 'distances', 'fires in', 'fires on', 'writes', 'own rise, nats', 'tokens',
    ], // oxfmt-ignore
    rows: roles.map((role, i) => [
      i + 1,
      role.title,
      role.families.join('; '),
      role.weight,
      role.power,
      listed(role.latents, ({ index }) => String(index)),
      listed(role.labels, ({ label, value, f1 }) => `${label} = ${value} (${f1.toFixed(2)})`),
      ...[role.reads, role.distances, role.fires, role.firesOn].map((shares) =>
        listed(shares, ({ what, share }) => `${what} ${percent(share)}`),
      ),
      listed(role.writes, ({ token, share }) => `${token} ${percent(share)}`),
      numberOrNone(role.riseWithout[i]),
      role.tokens,
    ]),
  };
}

export function ablationsTable(head: HeadRoles, count: number): TableData {
  const named = Array.from({ length: count }, (_, i) => i);
  return {
    columns: [
      'where strongest',
      ...named.map((q) => `without role ${q + 1}`),
      'own effect, 5 % quantile',
      'tokens',
    ],
    rows: named.map((r) => {
      const role = head.roles[r]!;
      return [
        `role ${r + 1}`,
        ...named.map((q) => numberOrNone(role.riseWithout[q])),
        numberOrNone(role.ownEffect),
        role.tokens,
      ];
    }),
  };
}

export function sensitivityTable({ sensitivity }: HeadRoles): TableData {
  return {
    columns: ['threshold', 'effective number of roles', 'roles'],
    rows: sensitivity.map(({ threshold, effectiveRoles, roles }) => [threshold, effectiveRoles, roles]),
  };
}

export function overviewTable(layers: readonly LayerRoles[]): TableData {
  return {
    columns: [
      'layer', 'head', 'verdict', 'agreement of resamples', 'separate roles', 'effective number', 'roles', 'unexplained', 'latents', 'silent', 'owned by', 'dictionary', 'items', 'tokens',
    ], // oxfmt-ignore
    rows: layers.flatMap(({ heads, dictionary, items, tokens }) =>
      heads.map((head) => [
        head.layer,
        head.head,
        shortVerdict(head),
        numberOrNone(agreement(head)),
        separateRoles(head).length,
        head.effectiveRoles,
        head.roles.length + head.others.roles,
        head.unexplained,
        head.latents,
        head.silent,
        head.owned,
        dictionary,
        items,
        tokens,
      ]),
    ),
  };
}
