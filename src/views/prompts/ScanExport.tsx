import { DropdownMenu } from 'radix-ui';
import { useState } from 'react';
import { FacetError } from '../../shared/errors.ts';
import type { Column, ScanTables } from '../../state/scan-file.ts';
import { fileName, save, toCsv } from '../shared/download.ts';
import { Trouble } from '../shared/Trouble.tsx';

const TABLES = [
  ['latents', 'features'],
  ['examples', 'examples'],
] as const;

/** Everything that was read of the view's texts, as files. */
export function ScanExport() {
  const [working, setWorking] = useState(false);
  const [failure, setFailure] = useState<FacetError>();
  const write = async (
    extension: string,
    content: (tables: ScanTables, columns: readonly Column[]) => Blob | Promise<Blob>,
    table?: (typeof TABLES)[number],
  ): Promise<void> => {
    setWorking(true);
    setFailure(undefined);
    try {
      const { gatherScan } = await import('../../state/scan-file.ts');
      const tables = await gatherScan();
      const file = await content(tables, table ? tables[table[0]] : []);
      save(fileName(`scan ${table?.[1] ?? ''} ${tables.about.corpusId}`, extension), file);
    } catch (thrown) {
      setFailure(FacetError.from(thrown));
    } finally {
      setWorking(false);
    }
  };
  const csv = async (_: ScanTables, columns: readonly Column[]): Promise<Blob> => {
    const { rowsOf } = await import('../../state/scan-file.ts');
    const table = { columns: columns.map(({ name }) => name), rows: [...rowsOf(columns)] };
    return new Blob([toCsv(table)], { type: 'text/csv' });
  };
  const parquet = async (tables: ScanTables, columns: readonly Column[]): Promise<Blob> =>
    (await import('../../state/scan-file.ts')).parquetOf(columns, tables);
  const json = async (tables: ScanTables): Promise<Blob> =>
    (await import('../../state/scan-file.ts')).jsonOf(tables);
  return (
    <>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger disabled={working}>
          {working ? 'Collecting …' : 'Export what was read'}
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal container={document.getElementById('main')}>
          <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
            <DropdownMenu.Item onSelect={() => void write('json', json)}>
              JSON: features and examples
            </DropdownMenu.Item>
            {TABLES.map((table) => (
              <DropdownMenu.Item key={table[0]} onSelect={() => void write('parquet', parquet, table)}>
                Parquet: {table[1]}
              </DropdownMenu.Item>
            ))}
            {TABLES.map((table) => (
              <DropdownMenu.Item key={table[0]} onSelect={() => void write('csv', csv, table)}>
                CSV: {table[1]}
              </DropdownMenu.Item>
            ))}
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      <span role="status" className="visually-hidden">
        {working ? 'Collecting what was read' : ''}
      </span>
      <Trouble error={failure} />
    </>
  );
}
