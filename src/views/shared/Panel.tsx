import { DropdownMenu } from 'radix-ui';
import { type ReactNode, useId, useRef, useState } from 'react';
import { fileName, save, type TableData, toCsv } from './download.ts';
import { figureSvg, pngBlob, svgBlob } from './figure-image.ts';
import { Info } from './Info.tsx';
import { provenance } from './provenance.ts';
import { TokenText } from './TokenText.tsx';

/** A file a panel can be exported as. */
export interface PanelFile {
  /** In the menu. */
  name: string;
  extension: string;
  type: string;
  content: () => string;
}

interface PanelProps {
  title: string;
  /** What is shown, in which unit, by which definition. */
  about: ReactNode;
  /** Numbers behind the panel, computed when asked for. */
  table: () => TableData;
  /** What the page shows as a table, where the whole would be too much for it; the file has it all. */
  shownTable?: () => TableData;
  /** Columns of the table that hold token text. */
  textColumns?: readonly number[];
  /** Draws the figure as one SVG when the panel itself shows none. */
  drawing?: () => SVGSVGElement | null;
  /** Other forms of it to export, besides CSV. */
  files?: readonly PanelFile[];
  /** Whether there is a figure to export. Default true. */
  images?: boolean;
  children: ReactNode;
  className?: string;
}

/** A titled part of a view with its definition, its table, and its export as SVG, PNG and CSV. */
export function Panel(props: PanelProps) {
  const { title, about, table, shownTable = table, textColumns, drawing, images = true } = props;
  const { children, className = '', files = [] } = props;
  const heading = useId();
  const body = useRef<HTMLDivElement>(null);
  const [asTable, setAsTable] = useState(false);
  const [failed, setFailed] = useState('');

  const image = async (kind: 'svg' | 'png'): Promise<void> => {
    const made = drawing?.() ?? null;
    const shown = body.current?.querySelector('svg') ?? null;
    try {
      // A drawing made for the file must be in the document while its look is read.
      if (made) body.current?.append(made);
      const found = made ?? shown;
      if (!found) throw new Error('Show the figure first; only its table is drawn now.');
      const figure = figureSvg(found, title, provenance());
      save(fileName(title, kind), kind === 'svg' ? svgBlob(figure) : await pngBlob(figure));
      setFailed('');
    } catch (thrown) {
      setFailed(`The image could not be made: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    } finally {
      made?.remove();
    }
  };

  return (
    <section className={`panel ${className}`} aria-labelledby={heading}>
      <header className="panel-head">
        <h2 id={heading}>{title}</h2>
        <Info label={`What “${title}” shows`}>{about}</Info>
        <span className="grow" />
        <button
          type="button"
          className="quiet"
          aria-pressed={asTable}
          aria-label={`${title} as a table`}
          onClick={() => setAsTable(!asTable)}
        >
          Table
        </button>
        <DropdownMenu.Root modal={false}>
          <DropdownMenu.Trigger className="quiet" aria-label={`Export ${title}`}>
            Export
          </DropdownMenu.Trigger>
          <DropdownMenu.Portal container={document.getElementById('main')}>
            <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
              <DropdownMenu.Item
                onSelect={() =>
                  save(fileName(title, 'csv'), new Blob([toCsv(table())], { type: 'text/csv' }))
                }
              >
                CSV, numbers in full
              </DropdownMenu.Item>
              {files.map(({ name, extension, type, content }) => (
                <DropdownMenu.Item
                  key={extension}
                  onSelect={() => save(fileName(title, extension), new Blob([content()], { type }))}
                >
                  {name}
                </DropdownMenu.Item>
              ))}
              {images &&
                (['svg', 'png'] as const).map((kind) => (
                  <DropdownMenu.Item
                    key={kind}
                    disabled={asTable && !drawing}
                    onSelect={() => void image(kind)}
                  >
                    {kind.toUpperCase()}
                  </DropdownMenu.Item>
                ))}
            </DropdownMenu.Content>
          </DropdownMenu.Portal>
        </DropdownMenu.Root>
      </header>
      <div ref={body} className="panel-body">
        {asTable ? <Table data={shownTable()} textColumns={textColumns} label={title} /> : children}
      </div>
      {failed && <p role="alert">{failed}</p>}
    </section>
  );
}

function Table({
  data,
  textColumns = [],
  label,
}: {
  data: TableData;
  textColumns?: readonly number[];
  label: string;
}) {
  return (
    // Scrollable parts must be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="table-scroll" tabIndex={0} role="group" aria-label={`${label}, table`}>
      <table>
        <thead>
          <tr>
            {data.columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.rows.map((row, i) => (
            // Rows of one rendering never move.
            // oxlint-disable-next-line react/no-array-index-key
            <tr key={i}>
              {row.map((cell, column) => (
                <td key={data.columns[column]} className={typeof cell === 'number' ? 'number' : undefined}>
                  {textColumns.includes(column) && typeof cell === 'string' ? (
                    <TokenText text={cell} />
                  ) : (
                    shownCell(cell)
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function shownCell(cell: string | number | null): string {
  if (cell === null) return '–';
  if (typeof cell === 'string' || Number.isInteger(cell)) return String(cell);
  return cell.toPrecision(6).replace('-', '−');
}
